using System.Text;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>A channel as it is configured.</summary>
/// <param name="Name">Its slug.</param>
/// <param name="Title">What people read; may be empty.</param>
/// <param name="Ladder">Its ladder as text (<see cref="WantedLadder"/>).</param>
/// <param name="Latency">Its latency profile by name.</param>
/// <param name="ReconnectWindow">How long a session waits for an encoder that is gone.</param>
/// <param name="Access">Who may watch: one of <see cref="ChannelRules.Accesses"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record ChannelInfo(string Name, string Title, string Ladder, string Latency, TimeSpan ReconnectWindow, string Access, DateTimeOffset CreatedAt)
{
    /// <summary>What it does with an encoder that comes while another publishes: one of <see cref="ChannelRules.Takeovers"/>.</summary>
    public string Takeover { get; init; } = ChannelRules.DefaultTakeover;

    /// <summary>How long the one that publishes must have been silent to give way; zero: as the server is configured.</summary>
    public TimeSpan TakeoverAfter { get; init; }

    /// <summary>How far back viewers can go, as text (<see cref="Media.Rewind"/>).</summary>
    public string Rewind { get; init; } = ChannelRules.DefaultRewind;

    /// <summary>Whether its sessions are recorded.</summary>
    public bool Record { get; init; } = ChannelRules.DefaultRecord;

    /// <summary>How long its recordings are kept, as text (<see cref="Control.Retention"/>).</summary>
    public string Retention { get; init; } = Control.Retention.Forever;

    /// <summary>How many minutes before its start webhooks are reminded of a new event on it that says nothing of that itself, the most first; empty for never.</summary>
    public IReadOnlyList<int> Reminders { get; init; } = [];

    /// <summary>Whether its viewers are told of a new event that says nothing of that itself.</summary>
    public bool AnnouncesEvents { get; init; } = true;

    /// <summary>Languages of its tracks of sound where the encoder does not say them (<see cref="TrackLanguages"/>); empty for none.</summary>
    public IReadOnlyList<string> AudioLanguages { get; init; } = [];
}

/// <summary>What is asked of a channel; <see langword="null"/> leaves a value as it is, or at its default when the channel is new.</summary>
/// <param name="Title">Up to 200 characters; default empty.</param>
/// <param name="Ladder">One of <see cref="ChannelRules.Ladders"/>, or rungs such as <c>1280x720@2500k,854x480p30@1200k</c> (<see cref="WantedLadder"/>); default <c>passthrough</c>.</param>
/// <param name="Latency">One of <see cref="ChannelRules.Latencies"/>; default <c>standard</c>. A session keeps the one it began with.</param>
/// <param name="ReconnectWindow">0 (a session ends with its encoder) to 24 h, whole seconds; default 60 s.</param>
/// <param name="Takeover">One of <see cref="ChannelRules.Takeovers"/>; default <c>silent</c>.</param>
/// <param name="TakeoverAfter">1 s to 10 min of silence, whole seconds; zero, the default, for what the server is configured to.</param>
public sealed record ChannelSettings(
    string? Title = null, string? Ladder = null, string? Latency = null, TimeSpan? ReconnectWindow = null, string? Takeover = null, TimeSpan? TakeoverAfter = null)
{
    /// <summary>Who may watch: one of <see cref="ChannelRules.Accesses"/>; default <c>public</c>. It counts from each viewer's next request on.</summary>
    public string? Access { get; init; }
    /// <summary>How far back viewers can go: <c>off</c>, <c>all</c>, or 1 min to 14 days such as <c>12h</c> (<see cref="Media.Rewind"/>); default <c>off</c>. A session keeps the one it began with.</summary>
    public string? Rewind { get; init; }

    /// <summary>Whether its sessions are kept for replay; default yes. A session goes on as it began.</summary>
    public bool? Record { get; init; }

    /// <summary>How long recordings are kept after their session has ended: <c>forever</c>, the default, or 1 h to 3650 days such as <c>30d</c> (<see cref="Control.Retention"/>). It counts for those that there are, too.</summary>
    public string? Retention { get; init; }

    /// <summary>How many minutes before its start webhooks are reminded of a new event that says nothing of that itself: as <see cref="EventSettings.Reminders"/>; default none.</summary>
    public IReadOnlyList<int>? Reminders { get; init; }

    /// <summary>Whether viewers are told of a new event that says nothing of that itself; default yes.</summary>
    public bool? AnnouncesEvents { get; init; }

    /// <summary>Up to eight tags of BCP 47 in the order of the encoder's tracks of sound, <c>und</c> for one that is not told; default none. They count where the encoder says no language, from its next connection on.</summary>
    public IReadOnlyList<string>? AudioLanguages { get; init; }
}

/// <summary>A new channel and its first key, which is shown this once.</summary>
public sealed record CreatedChannel(ChannelInfo Channel, IssuedKey Key);

/// <summary>What a channel may be.</summary>
public static class ChannelRules
{
    /// <summary>Longest title and label, in characters.</summary>
    public const int MaxText = 200;

    /// <summary>Longest reconnect window.</summary>
    public static readonly TimeSpan MaxReconnectWindow = TimeSpan.FromHours(24);

    /// <summary>Ladders by name.</summary>
    public static IReadOnlyList<string> Ladders => WantedLadder.Presets;

    /// <summary>A ladder of a channel's own, as an example for people.</summary>
    public const string OwnLadder = "1280x720@2500k,854x480p30@1200k";

    /// <summary>Latency profiles by name.</summary>
    public static IReadOnlyList<string> Latencies { get; } = [.. LatencyProfile.All.Select(p => p.Name)];

    /// <summary>A new channel's ladder: nothing is encoded, which every machine can carry.</summary>
    public const string DefaultLadder = "passthrough";

    /// <summary>A new channel's latency profile.</summary>
    public const string DefaultLatency = "standard";

    /// <summary>A new channel's reconnect window: an encoder's reboot or a change of networks fits in.</summary>
    public static readonly TimeSpan DefaultReconnectWindow = TimeSpan.FromSeconds(60);

    /// <summary>A new channel's rewind: none, which keeps no media longer than the live window.</summary>
    public const string DefaultRewind = "off";

    /// <summary>Whether a new channel's sessions are recorded: what is lost unkept cannot be had back.</summary>
    public const bool DefaultRecord = true;

    /// <summary>Longest silence that a channel may ask for before an encoder gives way.</summary>
    public static readonly TimeSpan MaxTakeoverAfter = TimeSpan.FromMinutes(10);

    /// <summary>Policies of takeover by name.</summary>
    public static IReadOnlyList<string> Takeovers { get; } = [.. Enum.GetValues<TakeoverPolicy>().Select(TakeoverTerms.Name)];

    /// <summary>A new channel's policy of takeover.</summary>
    public const string DefaultTakeover = "silent";

    /// <summary>Who may watch, by name: everybody, who has a viewer token, or whom the webhook of <see cref="AuthorizationOptions.ViewerUrl"/> lets in.</summary>
    public static IReadOnlyList<string> Accesses { get; } = ["public", "token", "webhook"];

    /// <summary>The name of an access.</summary>
    public static string? Name(ViewerAccess? access) => access switch
    {
        null => null,
        ViewerAccess.Public => "public",
        ViewerAccess.Webhook => "webhook",
        _ => "token",
    };

    /// <summary>What is wrong with a wish for an access on a server that is set up so; <see langword="null"/> for nothing.</summary>
    public static Mistake? AccessMistake(string? access, AuthorizationOptions authorization) => access == "webhook" && authorization.ViewerUrl is null
        ? new("access", $"No webhook is configured that could decide on viewers: set {AuthorizationOptions.Section}:{nameof(AuthorizationOptions.ViewerUrl)} first.")
        : null;

    /// <summary>Who may watch a new channel.</summary>
    public const string DefaultAccess = "public";

    internal static void Check(string? name, ChannelSettings settings) => Refuse([.. Mistakes(name, settings)]);

    /// <summary>A ladder that has been checked, in the one form in which it is stored.</summary>
    internal static string? Stored(string? ladder) => WantedLadder.TryParse(ladder, out var wanted, out _) ? wanted.ToString() : ladder;

    /// <summary>A rewind that has been checked, in the one form in which it is stored.</summary>
    internal static string? StoredRewind(string? rewind) => Rewind.TryParse(rewind, out var length) ? Rewind.Format(length) : rewind;

    internal static void CheckLabel(string label, DateTimeOffset? expiresAt, DateTimeOffset now) => Refuse([.. LabelMistakes(label, expiresAt, now)]);

    internal static IEnumerable<Mistake> Mistakes(string? name, ChannelSettings settings)
    {
        if (name is not null && !ChannelName.TryParse(name, out _))
        {
            yield return new("name", $"A channel's name is 1 to {ChannelName.MaxLength} of a-z, 0-9 and '-', beginning and ending with a letter or digit.");
        }

        if (settings.Title is { } title && !IsText(title))
        {
            yield return new("title", $"A title is at most {MaxText} characters, without control characters, line breaks and changes of direction.");
        }

        if (settings.Ladder is { } ladder && !WantedLadder.TryParse(ladder, out _, out var mistake))
        {
            yield return new("ladder", mistake);
        }

        if (settings.Latency is { } latency && !Latencies.Contains(latency))
        {
            yield return new("latency", $"There is no such latency profile; use one of {string.Join(", ", Latencies)}.");
        }

        if (settings.ReconnectWindow is { } window && (window < TimeSpan.Zero || window > MaxReconnectWindow || window.Ticks % TimeSpan.TicksPerSecond != 0))
        {
            yield return new("reconnectWindowSeconds", "A reconnect window is 0 to 86400 whole seconds.");
        }

        if (settings.Rewind is { } rewind && !Rewind.TryParse(rewind, out _))
        {
            yield return new("rewind", "A rewind is 'off', 'all' (the whole session), or 1 minute to 14 days, such as 30m, 12h or 7d.");
        }

        if (settings.Retention is { } retention && !Retention.TryParse(retention, out _))
        {
            yield return new("retention", Retention.Rule);
        }

        if (settings.Takeover is { } takeover && !Takeovers.Contains(takeover))
        {
            yield return new("takeover", $"There is no such policy of takeover; use one of {string.Join(", ", Takeovers)}.");
        }

        if (settings.TakeoverAfter is { } after && (after < TimeSpan.Zero || after > MaxTakeoverAfter || after.Ticks % TimeSpan.TicksPerSecond != 0))
        {
            yield return new("takeoverAfterSeconds", "The silence before a takeover is 1 to 600 whole seconds, or 0 for what the server is configured to.");
        }

        if (settings.Access is { } access && !Accesses.Contains(access))
        {
            yield return new("access", $"There is no such access; use one of {string.Join(", ", Accesses)}.");
        }

        if (settings.AudioLanguages is { } languages && (languages.Count > TrackLanguages.Max || !languages.All(TrackLanguages.IsTag)))
        {
            yield return new("audioLanguages", $"Languages of the sound are at most {TrackLanguages.Max} tags of BCP 47 in the order of the encoder's tracks, such as en, de or pt-BR; {TrackLanguages.Undetermined} leaves one out.");
        }

        foreach (var wrong in EventRules.ReminderMistakes(settings.Reminders ?? []))
        {
            yield return wrong;
        }
    }

    internal static IEnumerable<Mistake> LabelMistakes(string label, DateTimeOffset? expiresAt, DateTimeOffset now)
    {
        if (!IsText(label))
        {
            yield return new("label", $"A label is at most {MaxText} characters, without control characters, line breaks and changes of direction.");
        }

        if (expiresAt <= now)
        {
            yield return new("expiresAt", "The time of expiry is past.");
        }
    }

    // PostgreSQL stores no NUL and no lone surrogate, people read no control characters, and embeddings, overrides and isolates make one text look like another (UAX #9, 2.1 to 2.4).
    private static bool IsText(string text) => text.Length <= MaxText && !text.EnumerateRunes().Any(r => r == Rune.ReplacementChar || Rune.IsControl(r) || IsDirectionOrBreak(r.Value));

    private static bool IsDirectionOrBreak(int value) => value is (>= 0x2028 and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static void Refuse(List<Mistake> mistakes)
    {
        if (mistakes.Count > 0)
        {
            throw new ControlException(mistakes);
        }
    }
}
