"""Training as TensorBoard events, where TensorBoard is installed."""

from pathlib import Path

from torch import nn

from galen.nn.training import Epoch, TrainingError, Watch


def event_writer(folder: Path) -> Watch:
    """Told of each epoch, writes its figures.

    Raises:
        TrainingError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError(
            "TensorBoard is not installed; `pip install galen[tensorboard]` adds it."
        ) from error
    writer = SummaryWriter(str(folder))

    def write(epoch: Epoch, network: nn.Module) -> None:
        figures = {"loss/train": epoch.loss, "rate": epoch.rate, "cpu_seconds": epoch.cpu_seconds}
        figures |= {f"valid/{name}": value for name, value in epoch.valid.items()}
        for name, value in figures.items():
            writer.add_scalar(name, value, epoch.epoch)
        writer.flush()

    return write
