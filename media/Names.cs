using System.Diagnostics.CodeAnalysis;

namespace Broadcast.Media;

/// <summary>A channel's name, as used in URLs: 1 to 64 of <c>a-z 0-9 -</c>, starting and ending with a letter or digit.</summary>
public readonly record struct ChannelName
{
    /// <summary>Maximum length in characters.</summary>
    public const int MaxLength = 64;

    private readonly string? _value;

    private ChannelName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses a channel name; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ChannelName name)
    {
        name = default;
        if (text is null || text.Length is 0 or > MaxLength || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        name = new ChannelName(text);
        return true;
    }

    /// <summary>Parses a channel name.</summary>
    /// <exception cref="FormatException">The name is invalid; the message lists the allowed characters.</exception>
    public static ChannelName Parse(string text) => TryParse(text, out var name)
        ? name
        : throw new FormatException(
            $"'{text}' is not a channel name: use 1 to {MaxLength} of a-z, 0-9 and '-', starting and ending with a letter or digit.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>Session ID: a ULID, so that IDs sort by time.</summary>
public readonly record struct SessionId : IComparable<SessionId>
{
    /// <summary>Length in characters.</summary>
    public const int Length = Ulid.Length;

    private SessionId(Ulid ulid) => Ulid = ulid;

    /// <summary>The ULID.</summary>
    public Ulid Ulid { get; }

    /// <summary>The ULID as text.</summary>
    public string Value => Ulid.Value;

    /// <summary>Time passed to <see cref="New"/>; see <see cref="Ulid.CreatedAt"/>.</summary>
    public DateTimeOffset CreatedAt => Ulid.CreatedAt;

    /// <summary>Creates an ID.</summary>
    public static SessionId New(DateTimeOffset now) => new(Ulid.New(now));

    /// <summary>Parses an ID; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out SessionId id)
    {
        var isValid = Ulid.TryParse(text, out var ulid);
        id = new SessionId(ulid);
        return isValid;
    }

    /// <summary>Parses an ID.</summary>
    /// <exception cref="FormatException">The text is not a ULID.</exception>
    public static SessionId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a session ID (a ULID of 26 characters).");

    /// <summary>Orders by creation time.</summary>
    public int CompareTo(SessionId other) => Ulid.CompareTo(other.Ulid);

    /// <summary>Orders by creation time.</summary>
    public static bool operator <(SessionId left, SessionId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator >(SessionId left, SessionId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator <=(SessionId left, SessionId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator >=(SessionId left, SessionId right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>
/// Name of an object in the object store, and of its file in the spool. It consists of path segments of <c>A-Z a-z 0-9 . _ -</c>, joined by
/// <c>/</c>, none of them empty or starting with a dot; at most 512 characters. A name can therefore never escape its folder.
/// </summary>
public readonly record struct ObjectName
{
    /// <summary>Maximum length in characters.</summary>
    public const int MaxLength = 512;

    private readonly string? _value;

    private ObjectName(string value) => _value = value;

    /// <summary>The name, without a leading slash.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses a name; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ObjectName name)
    {
        name = default;
        if (text is null || text.Length is 0 or > MaxLength || text[^1] == '/')
        {
            return false;
        }

        var start = true;
        foreach (var c in text)
        {
            if (c == '/')
            {
                if (start)
                {
                    return false;
                }

                start = true;
                continue;
            }

            if (!(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') || (start && c == '.'))
            {
                return false;
            }

            start = false;
        }

        name = new ObjectName(text);
        return true;
    }

    /// <summary>Parses a name.</summary>
    /// <exception cref="FormatException">The name is invalid.</exception>
    public static ObjectName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not an object name.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
