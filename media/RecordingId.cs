using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media;

/// <summary>
/// ID of a recording or clip, as used in <c>/vod/{recording}/…</c>: a ULID. The recording of a whole session has the session's ID, so it is
/// known in advance; a clip has its own ID.
/// </summary>
public readonly record struct RecordingId
{
    private readonly Ulid _value;

    private RecordingId(Ulid value) => _value = value;

    /// <summary>The ULID as text.</summary>
    public string Value => _value.Value;

    /// <summary>ID of the recording of a whole session.</summary>
    public static RecordingId Of(SessionId session) => new(session.Ulid);

    /// <summary>Creates the ID of a clip.</summary>
    public static RecordingId New(DateTimeOffset now) => new(Ulid.New(now));

    /// <summary>Parses an ID; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordingId id)
    {
        var isValid = Ulid.TryParse(text, out var value);
        id = new RecordingId(value);
        return isValid;
    }

    /// <summary>Parses an ID.</summary>
    /// <exception cref="FormatException">The text is not a ULID.</exception>
    public static RecordingId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a recording ID (a ULID of 26 characters).");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
