"""`.Name` on a value: a method, a field of a struct, or an entry of a map."""

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.functions import function
from opsbook.alerts.templates.language.values import Named, Struct, Value, type_name
from opsbook.core.errors import nearest


def field_of(value: Value, name: str, given: tuple[Value, ...] = ()) -> Value:
    """Raises CallError. A map without the key gives its zero value, and a label's name never
    hides a method."""
    if isinstance(value, Named) and name in value.methods:
        try:
            return function(name, value.methods[name]).bind(value)(given)
        except CallError as error:
            raise CallError(f".{name}: {error}") from None
    if isinstance(value, Struct) and name in value.fields:
        found = value.fields[name]
    elif isinstance(value, dict):
        found = value.get(name, value.missing if isinstance(value, Named) else None)
    else:
        raise CallError(_absent(value, name))
    if given:
        raise CallError(f".{name} is no method, and takes nothing; remove what follows it")
    return found


def _absent(value: Value, name: str) -> str:
    if value is None:
        return (
            f"there is nothing that could have .{name}; ask with {{{{if}}}} or {{{{with}}}} first"
        )
    known = [*(value.methods if isinstance(value, Named) else ())]
    known += value.fields if isinstance(value, Struct) else ()
    hint = nearest(name, known)
    advice = f"did you mean .{hint}?" if hint else f"it has {', '.join(known) or 'no fields'}"
    return f"{type_name(value)} has no .{name}; {advice}"
