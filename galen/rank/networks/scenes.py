"""What every model of several scenes needs: which scene a row is in."""

from torch import Tensor

from galen.features.encoding.schema import Schema, SchemaError
from galen.nn.inputs import Inputs


def scene_of(schema: Schema, inputs: Inputs) -> Tensor:
    """(B,) ids; 0 is a scene that is not known."""
    return inputs.categories[:, schema.place(schema.scene)]


def scenes(schema: Schema) -> int:
    """How many scenes there are, the unknown one counted.

    Raises:
        SchemaError: the schema names no scene.
    """
    if not schema.scene:
        raise SchemaError(
            "this model tells scenes apart and the samples name none; set `scene` in samples.toml, "
            "or choose a model without."
        )
    return schema.categories[schema.place(schema.scene)].size
