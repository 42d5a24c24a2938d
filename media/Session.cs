using System.Text.Json.Serialization;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Media;

/// <summary>One continuous broadcast on a channel, across encoder reconnects.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Id">Session ID; part of every media URL.</param>
/// <param name="Epoch">Fencing epoch. It increases when another process takes over the session; writers with a lower epoch are
/// rejected.</param>
/// <param name="StartedAt">Wall-clock time at media time zero. Media time <c>t</c> was captured at about <c>StartedAt + t</c>.</param>
/// <param name="Latency">Latency profile with segment and part durations and the live window.</param>
public sealed record BroadcastSession(ChannelName Channel, SessionId Id, long Epoch, DateTimeOffset StartedAt, LatencyProfile Latency)
{
    /// <summary>
    /// DVR window: <see cref="Broadcast.Media.DvrWindow.Off"/> for the live window, <see cref="Broadcast.Media.DvrWindow.All"/> for the
    /// whole session, or a duration. Fixed at the start.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    [JsonPropertyName("rewind")]
    public TimeSpan DvrWindow { get; init; }

    /// <summary>Indicates whether the whole session is retained as a recording, independent of the DVR window. Fixed at the
    /// start.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsRecorded { get; init; }

    /// <summary>
    /// Indicates whether the session is hidden from viewers until control reveals it (<see cref="ISessionVisibility"/>). Fixed at the
    /// start, so that every server knows it before the session has media.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool BeginsHidden { get; init; }

    /// <summary>
    /// Access policy of the session and its recordings when it belongs to an event; <see langword="null"/> for the channel's. Fixed at the
    /// start, so that every server knows it before the session has media. A policy known to control takes precedence
    /// (<see cref="IViewerAuthorizer"/>).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ViewerAccess? Access { get; init; }

    /// <summary>Indicates whether the DVR window is longer than the live window.</summary>
    [JsonIgnore]
    public bool HasDvrWindow => DvrWindow > Latency.Window;
}

/// <summary>Latency profile of a channel: target latency and the durations derived from it. There are three profiles.</summary>
/// <param name="Name"><c>low</c>, <c>standard</c> or <c>safe</c>.</param>
/// <param name="SegmentMinimum">Minimum segment duration; the segment ends at the next sync sample.</param>
/// <param name="TargetDuration">Maximum segment duration and <c>EXT-X-TARGETDURATION</c>; whole seconds, constant in a session.</param>
/// <param name="PartTarget">Maximum part duration.</param>
/// <param name="Window">Live window: duration of the segments in live playlists.</param>
public sealed record LatencyProfile(string Name, TimeSpan SegmentMinimum, TimeSpan TargetDuration, TimeSpan PartTarget, TimeSpan Window)
{
    /// <summary>
    /// Latency of about 2 s with low-latency players. A part of 350 ms holds a third of a second at all common frame rates (10 frames at 30
    /// per second, 8 at 24, 5 at 15) and 16 AAC frames at 48 kHz. Each is longer than 85 % of the target, as RFC 8216bis, 4.4.4.9 requires;
    /// 333 ms would be too short for 10 frames by a third of a millisecond.
    /// </summary>
    public static LatencyProfile Low { get; } = new("low", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(350),
        TimeSpan.FromSeconds(60));

    /// <summary>Latency of 6 to 10 s; the default.</summary>
    public static LatencyProfile Standard { get; } =
        new("standard", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));

    /// <summary>Latency of up to 30 s, for unstable connections.</summary>
    public static LatencyProfile Safe { get; } = new("safe", TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1),
        TimeSpan.FromSeconds(180));

    /// <summary>
    /// Indicates whether manifests contain parts. In the other profiles players stay whole segments behind the live edge and would not
    /// benefit.
    /// </summary>
    [JsonIgnore]
    public bool OffersParts => Name == Low.Name;

    /// <summary>All profiles, by increasing latency.</summary>
    public static IReadOnlyList<LatencyProfile> All { get; } = [Low, Standard, Safe];

    /// <summary>Finds a profile by name; <see langword="null"/> when unknown.</summary>
    public static LatencyProfile? Find(string? name) => All.FirstOrDefault(p => p.Name == name);
}
