"""Training as TensorBoard events, where TensorBoard is installed."""

from pathlib import Path

from torch import nn

from galen.data.extras import extra
from galen.nn.learning.course import Epoch
from galen.nn.learning.training import Watch


def event_writer(folder: Path) -> Watch:
    """A watch of training that writes each epoch's figures.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    with extra("tensorboard", "writing events"):
        from torch.utils.tensorboard import SummaryWriter
    writer = SummaryWriter(str(folder))

    def write(epoch: Epoch, network: nn.Module) -> None:
        figures = {"loss/train": epoch.loss, "rate": epoch.rate, "cpu_seconds": epoch.cpu_seconds}
        figures |= {f"valid/{name}": value for name, value in epoch.valid.items()}
        for name, value in figures.items():
            writer.add_scalar(name, value, epoch.epoch)
        writer.flush()

    return write
