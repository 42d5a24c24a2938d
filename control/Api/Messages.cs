using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Control.Api;

// JSON of requests and responses.

internal sealed record ChannelView(
    string Name,
    string Title,
    string Ladder,
    string Latency,
    int ReconnectWindowSeconds,
    string Takeover,
    int TakeoverAfterSeconds,
    string DvrWindow,
    bool Record,
    string Retention,
    string Access,
    IReadOnlyList<int> ReminderMinutes,
    bool AnnounceEvents,
    IReadOnlyList<string> AudioLanguages,
    DateTimeOffset CreatedAt,
    LiveView? Live,
    IReadOnlyList<InputView> Inputs,
    ChannelEncoding? Encoding)
{
    public static ChannelView From(ChannelInfo c, IChannelRuntimeStates? states, IViewerTotals? sizes = null)
    {
        var name = Broadcast.Media.ChannelName.Parse(c.Name);
        var live = states?.Find(name);
        return new(
            c.Name,
            c.Title,
            c.Ladder,
            c.Latency,
            (int)c.ReconnectWindow.TotalSeconds,
            c.Takeover,
            (int)c.TakeoverAfter.TotalSeconds,
            c.DvrWindow,
            c.Record,
            c.Retention,
            c.Access,
            c.Reminders,
            c.AnnouncesEvents,
            c.AudioLanguages,
            c.CreatedAt,
            live is null ? null : new(ChannelRunStates.Name(live.State), live.Session?.Value, live.StartedAt,
                sizes?.Find(name).Viewers ?? 0),
            [.. (live?.Inputs ?? []).Select(i => new InputView(i.Role == InputRole.Backup ? "backup" : "primary",
                ChannelInputStates.Name(i.State), i.OnAir, i.Since, i.BitsPerSecond))],
            live?.Encoding);
    }

    /// <summary>Replaces the state with that at the owner of the session; <see langword="null"/> when it is unknown.</summary>
    public ChannelView With(ChannelView? atOwner) =>
        this with { Live = atOwner?.Live, Inputs = atOwner?.Inputs ?? [], Encoding = atOwner?.Encoding };
}

internal sealed record InputView(string Role, string State, bool OnAir, DateTimeOffset Since, long? BitsPerSecond);

internal sealed record LiveView(string State, string? Session, DateTimeOffset? StartedAt, long Viewers);

internal sealed record CreatedChannelView(ChannelView Channel, string StreamKey);

internal sealed record KeyView(string Id, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    public static KeyView From(StreamKeyInfo k) =>
        new(k.Id, StreamKeys.Name(k.Role), k.Label, k.CreatedAt, k.LastUsedAt, k.ExpiresAt, k.RevokedAt);
}

internal sealed record IssuedKeyView(KeyView Key, string StreamKey);

internal sealed record TokenView(
    string Id, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    IReadOnlyList<string>? Channels, IReadOnlyList<string>? Scopes)
{
    public static TokenView From(TokenInfo t) => new(t.Id, TokenRoles.Name(t.Role), t.Label, t.CreatedAt, t.LastUsedAt, t.ExpiresAt,
        t.RevokedAt, t.Limits.Channels, t.Limits.Scopes);
}

internal sealed record IssuedTokenView(TokenView Info, string Token);

internal sealed record SessionView(
    string Id, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt, DateTimeOffset? EndedAt,
    string? EndReason, long PeakViewers)
{
    public static SessionView From(SessionInfo s) =>
        new(s.Id, s.Epoch, s.Latency, s.StartedAt, s.LastPublicationEndedAt, s.EndedAt, s.EndReason, s.PeakViewers);
}

internal sealed record EndedView(string? Session);

internal sealed record KickedView(int Encoders);

internal sealed record SystemView(
    string Version, string Role, IReadOnlyList<string> Roles, IReadOnlyList<string> Ladders, IReadOnlyList<string> Latencies,
    IReadOnlyList<string> Takeovers, IReadOnlyList<string> Accesses, string? Rtmp, string? Rtmps,
    string? PublicUrl);

internal sealed record NewChannel(string Name, string? Title, string? Ladder, string? Latency, int? ReconnectWindowSeconds,
    string? Takeover, int? TakeoverAfterSeconds, string? Access, string? DvrWindow, bool? Record, string? Retention,
    IReadOnlyList<int>? ReminderMinutes, bool? AnnounceEvents, IReadOnlyList<string>? AudioLanguages);

internal sealed record ChannelChange(string? Title, string? Ladder, string? Latency, int? ReconnectWindowSeconds, string? Takeover,
    int? TakeoverAfterSeconds, string? Access, string? DvrWindow, bool? Record, string? Retention,
    IReadOnlyList<int>? ReminderMinutes, bool? AnnounceEvents, IReadOnlyList<string>? AudioLanguages, bool? ExpireRecordings = null);

internal sealed record NewKey(string? Role, string? Label, DateTimeOffset? ExpiresAt);

internal sealed record KeyRotation(string? KeyId, int? OverlapSeconds);

internal sealed record NewToken(string Role, string? Label, DateTimeOffset? ExpiresAt, IReadOnlyList<string>? Channels,
    IReadOnlyList<string>? Scopes);

internal sealed record SetupRequest(string Code, string? Name, string? Password);
