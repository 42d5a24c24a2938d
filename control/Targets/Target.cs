using Broadcast.Database;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;

namespace Broadcast.Control.Targets;

/// <summary>Target of a channel: an address of another platform. Never has the stream key.</summary>
/// <param name="Name">Name, unique on the channel without regard to case.</param>
/// <param name="Url">Address: <c>rtmp://HOST[:PORT]/APP</c> or <c>rtmps://…</c>.</param>
/// <param name="Rendition">Name of the video rendition to send; unused when steady.</param>
/// <param name="Mode">Mode.</param>
/// <param name="Event">Id of the only event during which it is published; <see langword="null"/> for all sessions of the channel.</param>
/// <param name="Enabled">Whether it is published while the channel is on air.</param>
/// <param name="CreatedAt">Creation time.</param>
/// <param name="Status">State, as last written by the server that owns the session.</param>
public sealed record TargetInfo(string Name, string Url, string Rendition, TargetMode Mode, string? Event, bool Enabled,
    DateTimeOffset CreatedAt, TargetStatus Status)
{
    /// <summary>Id in the database.</summary>
    internal long Id { get; init; }

    /// <summary>Open session of the channel.</summary>
    internal string? Session { get; init; }
}

/// <summary>Requested settings of a target; <see langword="null"/> keeps a value, or uses the default for a new target.</summary>
/// <param name="Name">Name.</param>
/// <param name="Url">Address without the stream key. A change requires the stream key.</param>
/// <param name="StreamKey">Stream key. A secret.</param>
/// <param name="Rendition">Name of the video rendition; default <c>source</c>.</param>
/// <param name="Event">Id of an event, for a new target.</param>
/// <param name="Enabled">Whether it is published; default true.</param>
/// <param name="Mode">Name of the mode; default <c>copy</c>.</param>
public sealed record TargetRequest(string? Name = null, string? Url = null, string? StreamKey = null, string? Rendition = null,
    string? Event = null, bool? Enabled = null, string? Mode = null)
{
    /// <summary>Returns a text without the stream key.</summary>
    public override string ToString() => $"target {Name}";
}

/// <summary>Rules for targets.</summary>
public static class TargetRules
{
    /// <summary>Maximum number of targets per channel, including those of its events.</summary>
    public const int MaxPerChannel = 20;

    /// <summary>Maximum length of names, in characters.</summary>
    public const int MaxName = 40;

    /// <summary>Maximum length of stream keys, in bytes of UTF-8.</summary>
    public const int MaxKey = 2000;

    /// <summary>Maximum length of names of renditions.</summary>
    public const int MaxRendition = 64;

    /// <summary>Default rendition: what the encoder sends.</summary>
    public const string DefaultRendition = "source";

    internal static readonly EnumNames<TargetState> StateNames = new("state of a target",
        (TargetState.Off, "off"), (TargetState.Connecting, "connecting"), (TargetState.Live, "live"), (TargetState.Retrying, "retrying"),
        (TargetState.Rejected, "rejected"));

    internal static readonly EnumNames<TargetMode> ModeNames = new("mode of a target",
        (TargetMode.Copy, "copy"), (TargetMode.Steady, "steady"));

    /// <summary>Name of a mode.</summary>
    public static string Name(TargetMode mode) => ModeNames.Name(mode);

    /// <summary>Name of a state.</summary>
    public static string Name(TargetState state) => StateNames.Name(state);

    internal static OperationException NotFound(string channel, string name) => new(OperationErrorCode.NotFound,
        $"Channel '{channel}' has no target '{(name.Length <= MaxName ? name : "…")}'. " + $"'broadcast target list {channel}' shows its targets.");

    /// <summary>Validates settings.</summary>
    /// <param name="request">Requested settings.</param>
    /// <param name="isNew">Whether required members must be present.</param>
    /// <param name="connector">Connector that knows permitted addresses; <see langword="null"/> to leave that check to the
    /// connection.</param>
    internal static IEnumerable<ValidationError> Validate(TargetRequest request, bool isNew, OutboundConnector? connector)
    {
        (string Member, string? Value)[] required = isNew
            ? [("name", request.Name), ("url", request.Url), ("streamKey", request.StreamKey)] : [];
        foreach (var (member, _) in required.Where(member => member.Value is null))
        {
            yield return new(member, $"'{member}' is missing.");
        }

        if (request.Name is { } name && !IsName(name))
        {
            yield return new("name", $"A name has 1 to {MaxName} characters: letters, digits, spaces, '.', '_' and '-'; the first and the "
                + "last one are letters or digits.");
        }

        if (request.Url is { } url)
        {
            if (!RtmpAddress.TryParse(url, out var address, out var error))
            {
                yield return new("url", error);
            }
            else if (connector?.DenialReason(new Uri(url)) is { } kind)
            {
                yield return new("url", new OutboundDeniedException(address.Host, kind, ControlOptions.AllowedTargetsOption).Message);
            }

            if (!isNew && request.StreamKey is null)
            {
                yield return new("streamKey", "A change of the address requires the stream key, so that it is only sent where it belongs.");
            }
        }

        if (request.StreamKey is { } key && (key.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(key) > MaxKey
            || key.Any(character => char.IsControl(character) || char.IsWhiteSpace(character))))
        {
            yield return new("streamKey", $"A stream key has 1 to {MaxKey} characters, without spaces.");
        }

        if (request.Rendition is { } rendition && (rendition.Length is 0 or > MaxRendition
            || !rendition.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')))
        {
            yield return new("rendition", "A rendition is 'source', or a rung of the channel's ladder such as '720p'.");
        }

        foreach (var error in ValidateMode(request))
        {
            yield return error;
        }
    }

    private static IEnumerable<ValidationError> ValidateMode(TargetRequest request)
    {
        if (request.Mode is { } mode && !ModeNames.All.Contains(mode))
        {
            yield return new("mode", "A mode is 'copy', which sends a rendition as it is, or 'steady', which encodes.");
        }
        else if (request is { Mode: "steady", Rendition: not (null or DefaultRendition) })
        {
            yield return new("rendition", "A target in mode 'steady' has no rendition: the section 'Steady' of the configuration sets its "
                + "size. Leave the rendition out, or use mode 'copy'.");
        }
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxName
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is ' ' or '.' or '_' or '-');
}
