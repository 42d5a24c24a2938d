using System.Text;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Ladders;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Channels;

/// <summary>Configuration of a channel.</summary>
/// <param name="Name">Slug of the channel.</param>
/// <param name="Title">Display title; may be empty.</param>
/// <param name="Ladder">Ladder as text (<see cref="LadderSpec"/>).</param>
/// <param name="Latency">Name of the latency profile.</param>
/// <param name="ReconnectWindow">Time that a session waits for its encoder to reconnect.</param>
/// <param name="Access">Access policy: one of <see cref="ChannelRules.Accesses"/>.</param>
/// <param name="CreatedAt">Creation time.</param>
public sealed record ChannelInfo(string Name, string Title, string Ladder, string Latency, TimeSpan ReconnectWindow, string Access,
    DateTimeOffset CreatedAt)
{
    /// <summary>Takeover policy for a second encoder: one of <see cref="ChannelRules.Takeovers"/>.</summary>
    public string Takeover { get; init; } = ChannelRules.DefaultTakeover;

    /// <summary>Time without media after which the current encoder can be taken over; zero for the server's setting.</summary>
    public TimeSpan TakeoverAfter { get; init; }

    /// <summary>DVR window as text (<see cref="Broadcast.Media.DvrWindow"/>).</summary>
    public string DvrWindow { get; init; } = ChannelRules.DefaultDvrWindow;

    /// <summary>Indicates whether its sessions are recorded.</summary>
    public bool Record { get; init; } = ChannelRules.DefaultRecord;

    /// <summary>Retention of recordings as text (<see cref="Broadcast.Control.Recordings.Retention"/>).</summary>
    public string Retention { get; init; } = Broadcast.Control.Recordings.Retention.Forever;

    /// <summary>Default for new events: minutes before the start at which webhooks are reminded, largest first; empty for none.</summary>
    public IReadOnlyList<int> Reminders { get; init; } = [];

    /// <summary>Indicates whether new events are announced to viewers by default.</summary>
    public bool AnnouncesEvents { get; init; } = true;

    /// <summary>Languages of the audio tracks when the encoder reports none (<see cref="TrackLanguages"/>); empty for none.</summary>
    public IReadOnlyList<string> AudioLanguages { get; init; } = [];
}

/// <summary>Requested settings of a channel; <see langword="null"/> keeps a value, or uses the default for a new channel.</summary>
/// <param name="Title">Up to 200 characters; default empty.</param>
/// <param name="Ladder">One of <see cref="ChannelRules.Ladders"/>, or rungs such as <c>1280x720@2500k,854x480p30@1200k</c>
/// (<see cref="LadderSpec"/>); default <c>auto</c>.</param>
/// <param name="Latency">One of <see cref="ChannelRules.Latencies"/>; default <c>standard</c>. A running session keeps its profile.</param>
/// <param name="ReconnectWindow">0 (a session ends with its encoder) to 24 h, whole seconds; default 60 s.</param>
/// <param name="Takeover">One of <see cref="ChannelRules.Takeovers"/>; default <c>silent</c>.</param>
/// <param name="TakeoverAfter">1 s to 10 min without media, whole seconds; zero, the default, for the server's setting.</param>
public sealed record ChannelSettings(
    string? Title = null, string? Ladder = null, string? Latency = null, TimeSpan? ReconnectWindow = null, string? Takeover = null,
    TimeSpan? TakeoverAfter = null)
{
    /// <summary>
    /// Access policy: one of <see cref="ChannelRules.Accesses"/>; default <c>public</c>. A change applies to each viewer's next request.
    /// </summary>
    public string? Access { get; init; }
    /// <summary>
    /// DVR window: <c>off</c>, <c>all</c>, or 1 min to 14 days such as <c>12h</c> (<see cref="Broadcast.Media.DvrWindow"/>); default
    /// <c>off</c>. A running session keeps its window.
    /// </summary>
    public string? DvrWindow { get; init; }

    /// <summary>Indicates whether sessions are recorded; default true. A running session keeps its setting.</summary>
    public bool? Record { get; init; }

    /// <summary>
    /// Retention of recordings after the end of their session: <c>forever</c>, the default, or 1 h to 3650 days such as <c>30d</c>
    /// (<see cref="Broadcast.Control.Recordings.Retention"/>). It also applies to existing recordings.
    /// </summary>
    public string? Retention { get; init; }

    /// <summary>
    /// Default reminders of new events, in minutes before their start, as in <see cref="EventSettings.Reminders"/>; default none.
    /// </summary>
    public IReadOnlyList<int>? Reminders { get; init; }

    /// <summary>Indicates whether new events are announced to viewers by default; default true.</summary>
    public bool? AnnouncesEvents { get; init; }

    /// <summary>
    /// Up to eight BCP 47 tags in the order of the encoder's audio tracks, <c>und</c> for an unknown one; default none. They apply when the
    /// encoder reports no language, from its next connection.
    /// </summary>
    public IReadOnlyList<string>? AudioLanguages { get; init; }
}

/// <summary>New channel and its first key, which is shown only once.</summary>
public sealed record CreatedChannel(ChannelInfo Channel, IssuedStreamKey Key);

/// <summary>Rules for channel settings.</summary>
public static class ChannelRules
{
    /// <summary>Maximum length of titles and labels, in characters.</summary>
    public const int MaxText = 200;

    /// <summary>Maximum reconnect window.</summary>
    public static readonly TimeSpan MaxReconnectWindow = TimeSpan.FromHours(24);

    /// <summary>Names of the ladder presets.</summary>
    public static IReadOnlyList<string> Ladders => LadderSpec.Presets;

    /// <summary>Example of a custom ladder.</summary>
    public const string CustomLadderExample = "1280x720@2500k,854x480p30@1200k";

    /// <summary>Names of the latency profiles.</summary>
    public static IReadOnlyList<string> Latencies { get; } = [.. LatencyProfile.All.Select(p => p.Name)];

    /// <summary>Default ladder: no encoding, which every machine can handle.</summary>
    public const string DefaultLadder = "auto";

    /// <summary>Default latency profile.</summary>
    public const string DefaultLatency = "standard";

    /// <summary>Default reconnect window, enough for an encoder restart or a network change.</summary>
    public static readonly TimeSpan DefaultReconnectWindow = TimeSpan.FromSeconds(60);

    /// <summary>Default DVR window: none, so that media are kept no longer than the live window.</summary>
    public const string DefaultDvrWindow = "off";

    /// <summary>Indicates whether sessions are recorded by default, because media that were not recorded cannot be recovered.</summary>
    public const bool DefaultRecord = true;

    private static readonly EnumNames<ViewerAccess> AccessNames = new("access policy",
        (ViewerAccess.Public, "public"), (ViewerAccess.Token, "token"), (ViewerAccess.Webhook, "webhook"));

    /// <summary>Maximum time without media before a takeover.</summary>
    public static readonly TimeSpan MaxTakeoverAfter = TimeSpan.FromMinutes(10);

    /// <summary>Names of the takeover policies.</summary>
    public static IReadOnlyList<string> Takeovers => TakeoverRules.Names;

    /// <summary>Default takeover policy.</summary>
    public const string DefaultTakeover = "silent";

    /// <summary>
    /// Names of the access policies: all viewers, viewers with a token, or viewers that the auth callback
    /// <see cref="AuthorizationOptions.ViewerUrl"/> allows.
    /// </summary>
    public static IReadOnlyList<string> Accesses => AccessNames.All;

    /// <summary>Gets the name of an access policy.</summary>
    public static string? Name(ViewerAccess? access) => access is { } known ? AccessNames.Name(known) : null;

    /// <summary>Gets the access policy with a name in the database. Unknown names give the strictest policy.</summary>
    internal static ViewerAccess ParseAccess(string name) => AccessNames.Find(name) ?? ViewerAccess.Token;

    /// <summary>Checks whether the server's configuration supports an access policy; <see langword="null"/> if it does.</summary>
    public static ValidationError? ValidateAccess(string? access, AuthorizationOptions authorization) => access == "webhook"
        && authorization.ViewerUrl is null
        ? new("access",
            $"No viewer auth callback is configured: set {AuthorizationOptions.Section}:{nameof(AuthorizationOptions.ViewerUrl)} first.")
        : null;

    /// <summary>Default access policy.</summary>
    public const string DefaultAccess = "public";

    internal static void Check(string? name, ChannelSettings settings) => ThrowIfInvalid([.. Validate(name, settings)]);

    /// <summary>Stored form of a validated ladder.</summary>
    internal static string? NormalizeLadder(string? ladder) =>
        LadderSpec.TryParse(ladder, out var parsed, out _) ? parsed.ToString() : ladder;

    /// <summary>Stored form of a validated DVR window.</summary>
    internal static string? NormalizeDvrWindow(string? dvrWindow) =>
        DvrWindow.TryParse(dvrWindow, out var length) ? DvrWindow.Format(length) : dvrWindow;

    internal static void CheckLabel(string label, DateTimeOffset? expiresAt, DateTimeOffset now) =>
        ThrowIfInvalid([.. ValidateLabel(label, expiresAt, now)]);

    internal static IEnumerable<ValidationError> Validate(string? name, ChannelSettings settings)
    {
        if (name is not null && !ChannelName.TryParse(name, out _))
        {
            yield return new("name",
                $"A channel name must be 1 to {ChannelName.MaxLength} characters of a-z, 0-9 and '-', beginning and ending with a letter "
                + "or digit.");
        }

        if (settings.Title is { } title && !IsText(title))
        {
            yield return new("title",
                $"A title must be at most {MaxText} characters, without control characters, line breaks and bidirectional formatting "
                + "characters.");
        }

        if (settings.Ladder is { } ladder && !LadderSpec.TryParse(ladder, out _, out var error))
        {
            yield return new("ladder", error);
        }

        if (settings.Latency is { } latency && !Latencies.Contains(latency))
        {
            yield return new("latency", $"Unknown latency profile; use one of {string.Join(", ", Latencies)}.");
        }

        if (settings.ReconnectWindow is { } window
            && (window < TimeSpan.Zero || window > MaxReconnectWindow || window.Ticks % TimeSpan.TicksPerSecond != 0))
        {
            yield return new("reconnectWindowSeconds", "A reconnect window must be 0 to 86400 whole seconds.");
        }

        if (settings.DvrWindow is { } dvrWindow && !DvrWindow.TryParse(dvrWindow, out _))
        {
            yield return new("dvrWindow",
                "A DVR window must be 'off', 'all' (the whole session), or 1 minute to 14 days, such as 30m, 12h or 7d.");
        }

        if (settings.Retention is { } retention && !Retention.TryParse(retention, out _))
        {
            yield return new("retention", Retention.Rule);
        }

        if (settings.Takeover is { } takeover && !Takeovers.Contains(takeover))
        {
            yield return new("takeover", $"Unknown takeover policy; use one of {string.Join(", ", Takeovers)}.");
        }

        if (settings.TakeoverAfter is { } after
            && (after < TimeSpan.Zero || after > MaxTakeoverAfter || after.Ticks % TimeSpan.TicksPerSecond != 0))
        {
            yield return new("takeoverAfterSeconds",
                "The time before a takeover must be 1 to 600 whole seconds, or 0 for the server's setting.");
        }

        if (settings.Access is { } access && !Accesses.Contains(access))
        {
            yield return new("access", $"Unknown access policy; use one of {string.Join(", ", Accesses)}.");
        }

        if (settings.AudioLanguages is { } languages && (languages.Count > TrackLanguages.Max || !languages.All(TrackLanguages.IsTag)))
        {
            yield return new("audioLanguages",
                $"Audio languages must be at most {TrackLanguages.Max} BCP 47 tags in the order of the encoder's tracks, such as en, de "
                + $"or pt-BR; {TrackLanguages.Undetermined} skips a track.");
        }

        foreach (var reminderError in EventRules.ValidateReminders(settings.Reminders ?? []))
        {
            yield return reminderError;
        }
    }

    internal static IEnumerable<ValidationError> ValidateLabel(string label, DateTimeOffset? expiresAt, DateTimeOffset now)
    {
        if (!IsText(label))
        {
            yield return new("label",
                $"A label must be at most {MaxText} characters, without control characters, line breaks and bidirectional formatting "
                + "characters.");
        }

        if (expiresAt <= now)
        {
            yield return new("expiresAt", "The expiry time is in the past.");
        }
    }

    // PostgreSQL stores no NUL and no lone surrogates, and control characters are unreadable. Bidirectional embeddings, overrides and
    // isolates can make one text look like another (UAX #9, 2.1 to 2.4).
    private static bool IsText(string text) => text.Length <= MaxText
        && !text.EnumerateRunes().Any(r => r == Rune.ReplacementChar || Rune.IsControl(r) || IsDirectionOrBreak(r.Value));

    private static bool IsDirectionOrBreak(int value) => value is (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static void ThrowIfInvalid(List<ValidationError> errors)
    {
        if (errors.Count > 0)
        {
            throw new OperationException(errors);
        }
    }
}
