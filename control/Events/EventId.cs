using System.Diagnostics.CodeAnalysis;
using Broadcast.Media;

namespace Broadcast.Control.Events;

/// <summary>ID of an event, a series or an occurrence: a ULID, so that IDs sort by time.</summary>
public readonly record struct EventId
{
    private readonly Ulid _value;

    private EventId(Ulid value) => _value = value;

    /// <summary>The ULID as text.</summary>
    public string Value => _value.Value;

    /// <summary>Creates an ID.</summary>
    public static EventId New(DateTimeOffset now) => new(Ulid.New(now));

    /// <summary>Parses an ID; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EventId id)
    {
        var isValid = Ulid.TryParse(text, out var value);
        id = new EventId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
