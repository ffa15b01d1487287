"""When a person buys the same again: purchases as a renewal process, fitted by empirical Bayes."""
