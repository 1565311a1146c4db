"""What a body or a query may hold: exactly the named fields. An unknown or read-only one is refused by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError


class Body(serializers.Serializer[Any]):
    """The fields of a JSON object. `context["read_only"]` names those that the answer shows and nobody writes."""

    default_error_messages = {"invalid": _("This is an object.")}
    unknown_code = "field_unknown"
    unknown_detail = _("There is no such field here.")

    def to_internal_value(self, data: Any) -> Any:
        """The fields that were given and are right. Raises ValidationError naming each that is not."""
        strangers: dict[str, list[ErrorDetail]] = {}
        if isinstance(data, Mapping):
            read_only = self.context.get("read_only", ()) if self.parent is None else ()
            for name in data.keys() - self.fields.keys():
                if name in read_only:
                    strangers[name] = [ErrorDetail(str(_("This field cannot be written.")), code="field_read_only")]
                else:
                    strangers[str(name)[:60]] = [ErrorDetail(str(self.unknown_detail), code=self.unknown_code)]
        try:
            found = super().to_internal_value(data)
        except ValidationError as error:
            if strangers and isinstance(error.detail, dict):
                raise ValidationError({**strangers, **error.detail}) from None
            raise
        missing = self._missing(data)
        if strangers or missing:
            raise ValidationError({**strangers, **missing})
        return found

    def _missing(self, data: Any) -> dict[str, list[ErrorDetail]]:
        """In a change of an object its own fields may be left out, but what it holds is given whole: each object of a
        list, each object in it."""
        if self.parent is None or not getattr(self.root, "partial", False) or not isinstance(data, Mapping):
            return {}
        said = [ErrorDetail(str(serializers.Field.default_error_messages["required"]), code="required")]
        return {name: said for name, one in self.fields.items() if one.required and name not in data}


class Filters(Body):
    """The parameters of a query, which all come as texts."""

    unknown_code = "parameter_unknown"
    unknown_detail = _("There is no such parameter here.")


def several(kind: type[Body], most: int, **options: Any) -> Any:
    """A list of at most so many objects."""
    # DRF's own way to say a list: `many` is read by its __new__, which its types do not tell
    return kind(many=True, max_length=most, **options)  # type: ignore[call-arg]
