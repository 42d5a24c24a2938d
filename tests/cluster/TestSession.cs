using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Cluster.Tests;

/// <summary>Identifiers, events and bytes of a session.</summary>
internal static class TestSession
{
    public static readonly ChannelName Channel = ChannelName.Parse("demo");
    public static readonly SessionId Id = SessionId.Parse("01JN8E0000000000000000000A");
    public static readonly SessionId Later = SessionId.Parse("01JN8F0000000000000000000B");
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static ObjectName Segment(long number, SessionId? session = null) =>
        ObjectNames.Of(Channel, session ?? Id).Segment("source", number);

    public static TimelineEvent.Started Started(long epoch = 1, SessionId? session = null) =>
        new(new BroadcastSession(Channel, session ?? Id, epoch, Start, LatencyProfile.Low));

    public static TimelineEvent.PartReady Part(long segment, int part, long offset, int length) => new(
        "source", segment, part, 1, new MediaTime(part, 2), new MediaTime(1, 2), part == 0, Start, Segment(segment), offset, length);

    public static FeedSnapshot Snapshot(long epoch = 1, SessionId? session = null) =>
        new([Started(epoch, session), new TimelineEvent.RenditionAdded("source", TrackKind.Video)], "{}"u8.ToArray());

    public static FeedBatch Batch(params TimelineEvent[] events) => new(Start.AddSeconds(1), events);

    /// <summary>Bytes that differ by position.</summary>
    public static byte[] Bytes(int length, int first = 0) => [.. Enumerable.Range(first, length).Select(i => (byte)((i * 7) + (i >> 8)))];
}
