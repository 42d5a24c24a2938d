using Broadcast.Media;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Announces a rendition part by part, as a packager does during a broadcast.</summary>
internal sealed class PartFeed
{
    public const string Rendition = "source";
    private readonly List<TimelineEvent> _unsent = [];
    private long _segment = 1;
    private int _part;
    private long _offset;
    private MediaTime _time = MediaTime.Zero(90_000);

    public PartFeed(LatencyProfile? latency = null, string rendition = Rendition)
    {
        (Name, Session) = (rendition,
            new BroadcastSession(ChannelName.Parse("demo"), FakePackager.First, 1, FakePackager.Start, latency ?? LatencyProfile.Low));
        var init = ObjectName.Parse($"live/demo/{Session.Id}/{Name}/init-1.mp4");
        Objects[init.Value] = [.. "init"u8];
        _unsent.Add(new TimelineEvent.Started(Session));
        _unsent.Add(new TimelineEvent.RenditionAdded(Name, TrackKind.Video));
        _unsent.Add(new TimelineEvent.InitReady(Name, 1,
            new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 1920, 1080, 30, 0, 0, null), init, 4));
    }

    /// <summary>Events not yet announced.</summary>
    public IReadOnlyList<TimelineEvent> Unsent => _unsent;

    public string Name { get; }

    public BroadcastSession Session { get; }

    /// <summary>Folder of the media, with a trailing slash.</summary>
    public string Folder => $"/live/demo/{Session.Id}/{Name}/";

    /// <summary>Current content of the objects.</summary>
    public Dictionary<string, byte[]> Objects { get; } = [];

    public byte[] Bytes(long segment) => Objects[$"{Folder[1..]}{segment}.m4s"];

    public PartFeed Part(int bytes = 1000)
    {
        var name = ObjectName.Parse($"{Folder[1..]}{_segment}.m4s");
        var content = new byte[bytes];
        new Random((int)(_segment * 100) + _part).NextBytes(content);
        Objects[name.Value] = [.. Objects.GetValueOrDefault(name.Value, []), .. content];
        var duration = MediaTime.From(Session.Latency.PartTarget, 90_000);
        _unsent.Add(new TimelineEvent.PartReady(Name, _segment, _part++, 1, _time, duration, _part == 1,
            FakePackager.Start + _time.ToTimeSpan(), name, _offset, bytes));
        _time += duration;
        _offset += bytes;
        return this;
    }

    public PartFeed Parts(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Part();
        }

        return this;
    }

    public PartFeed Close()
    {
        _unsent.Add(new TimelineEvent.SegmentClosed(Name, _segment++));
        (_part, _offset) = (0, 0);
        return this;
    }

    public PartFeed Say(TimelineEvent @event)
    {
        _unsent.Add(@event);
        return this;
    }

    public PartFeed End() => Say(new TimelineEvent.Ended("over"));

    public PartFeed SendTo(OriginServer server)
    {
        foreach (var (name, bytes) in Objects)
        {
            server.Spool.Objects[name] = bytes;
        }

        server.Directory.Append(Session.Channel, Session.Id, [.. _unsent]);
        _unsent.Clear();
        return this;
    }

    public SessionTimeline Fold()
    {
        var timeline = new SessionTimeline(Session);
        foreach (var @event in _unsent)
        {
            timeline.Apply(@event);
        }

        return timeline;
    }
}
