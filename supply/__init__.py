"""What galen stands on and what its repository may hold: licences, a bill of materials, leaks."""
