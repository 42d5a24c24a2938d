using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media;

/// <summary>
/// The identity of a recording or clip, as it stands in <c>/vod/{recording}/…</c>: a ULID. The recording of a whole session has the session's own, so that it is known before anything of it is; a clip has one of its own.
/// </summary>
public readonly record struct RecordingId
{
    private readonly SessionId _value;

    private RecordingId(SessionId value) => _value = value;

    /// <summary>The 26 characters.</summary>
    public string Value => _value.Value;

    /// <summary>The recording of a whole session.</summary>
    public static RecordingId Of(SessionId session) => new(session);

    /// <summary>Makes the id of a clip.</summary>
    public static RecordingId New(DateTimeOffset now) => new(SessionId.New(now));

    /// <summary>Reads an id; <see langword="false"/> when it is not one.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RecordingId id)
    {
        var isOne = SessionId.TryParse(text, out var value);
        id = new RecordingId(value);
        return isOne;
    }

    /// <summary>Reads an id.</summary>
    /// <exception cref="FormatException">It is not a ULID.</exception>
    public static RecordingId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a recording's id (a ULID of 26 characters).");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
