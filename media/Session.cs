using System.Text.Json.Serialization;

namespace Broadcast.Media;

/// <summary>
/// One continuous broadcast on a channel, across any number of encoder connections.
/// </summary>
/// <param name="Channel">The channel it is on.</param>
/// <param name="Id">Its identity; part of every media URL.</param>
/// <param name="Epoch">Fencing number: rises each time another process takes the session over; a writer with a lower one is stale.</param>
/// <param name="StartedAt">Wall clock at time zero of the session's timeline. Media time <c>t</c> was captured at about <c>StartedAt + t</c>.</param>
/// <param name="Latency">Segment and part lengths and the window.</param>
public sealed record BroadcastSession(ChannelName Channel, SessionId Id, long Epoch, DateTimeOffset StartedAt, LatencyProfile Latency)
{
    /// <summary>How much of the past viewers can go back to: <see cref="Media.Rewind.Off"/> for the profile's window, <see cref="Media.Rewind.All"/> for all of it, or a length. Set when the session begins.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TimeSpan Rewind { get; init; }

    /// <summary>Whether all of it is kept for replay, however far back viewers can go while it lasts. Set when the session begins.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsRecorded { get; init; }

    /// <summary>
    /// Whether its audience gets nothing of it until somebody says so (<see cref="ISessionAudience"/>). Set when the session begins, and so known wherever the session is, before there is anything of it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool BeginsHidden { get; init; }

    /// <summary>
    /// Who may watch it and its recordings, where that is not left to its channel: it is an event's. Set when the session begins, and so known wherever the session is, before there is anything of it; what control knows
    /// otherwise counts more (<see cref="IViewerAuthority"/>).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ViewerAccess? Access { get; init; }

    /// <summary>Whether what leaves the live window can still be gone back to.</summary>
    [JsonIgnore]
    public bool KeepsPast => Rewind > Latency.Window;
}

/// <summary>How far behind live a channel's viewers are, and what follows from it. Three are known by name.</summary>
/// <param name="Name"><c>low</c>, <c>standard</c> or <c>safe</c>.</param>
/// <param name="SegmentMinimum">A segment is cut at the first sync sample from here on.</param>
/// <param name="TargetDuration">Longest a segment may be; <c>EXT-X-TARGETDURATION</c>, whole seconds, never changed in a session.</param>
/// <param name="PartTarget">Longest a part may be.</param>
/// <param name="Window">How much of the past live playlists list.</param>
public sealed record LatencyProfile(string Name, TimeSpan SegmentMinimum, TimeSpan TargetDuration, TimeSpan PartTarget, TimeSpan Window)
{
    /// <summary>
    /// About 2 s behind live with low-latency players. A part of 350 ms holds a third of a second of every usual rate (10 pictures at 30 a second, 8 at 24, 5 at 15)
    /// and sixteen frames of AAC at 48 kHz, each more than 85 % of it, as RFC 8216bis, 4.4.4.9 wants; 333 ms would miss ten pictures by a third of a millisecond.
    /// </summary>
    public static LatencyProfile Low { get; } = new("low", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(350), TimeSpan.FromSeconds(60));

    /// <summary>6 to 10 s behind live; the default.</summary>
    public static LatencyProfile Standard { get; } = new("standard", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));

    /// <summary>Up to 30 s behind live, for lines that stutter.</summary>
    public static LatencyProfile Safe { get; } = new("safe", TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(180));

    /// <summary>
    /// Whether manifests offer parts to players. In the other profiles players stay whole segments behind live and would gain nothing from them.
    /// </summary>
    [JsonIgnore]
    public bool OffersParts => Name == Low.Name;

    /// <summary>All, by rising latency.</summary>
    public static IReadOnlyList<LatencyProfile> All { get; } = [Low, Standard, Safe];

    /// <summary>Finds a profile by name, or <see langword="null"/>.</summary>
    public static LatencyProfile? Find(string? name) => All.FirstOrDefault(p => p.Name == name);
}
