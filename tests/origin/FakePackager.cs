using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Origin.Tests;

/// <summary>
/// Simulates a packager: creates timeline events of a session, tracks its times, and provides the bytes of announced objects.
/// </summary>
internal sealed class FakePackager
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly SessionId First = SessionId.Parse("01JN8E0000000000000000000A");
    public static readonly SessionId Second = SessionId.Parse("01JN8F0000000000000000000B");
    private readonly Dictionary<string, Feed> _feeds = [];

    public FakePackager(SessionId? id = null, LatencyProfile? latency = null, string channel = "demo", TimeSpan rewind = default,
        bool recorded = false, bool hidden = false, ViewerAccess? access = null)
    {
        Session = new BroadcastSession(ChannelName.Parse(channel), id ?? First, 1, Start, latency
            ?? LatencyProfile.Standard) { DvrWindow = rewind, IsRecorded = recorded, BeginsHidden = hidden, Access = access };
        Say(new TimelineEvent.Started(Session));
    }

    public BroadcastSession Session { get; }

    /// <summary>Bytes of each segment's first frame; 0 for unknown.</summary>
    public int KeyLength { get; init; }

    /// <summary>All events so far.</summary>
    public List<TimelineEvent> Events { get; } = [];

    /// <summary>Events not yet passed to a sink.</summary>
    public List<TimelineEvent> Unsent { get; } = [];

    /// <summary>Bytes of the announced objects.</summary>
    public Dictionary<string, byte[]> Objects { get; } = [];

    public FakePackager Video(string name = "source", int width = 1920, int height = 1080, double frameRate = 30) =>
        Add(name, new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, width, height, frameRate, 0, 0, null));

    public FakePackager Audio(string name = "audio", string? language = null) =>
        Add(name, new RenditionFormat(TrackKind.Audio, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, language));

    public FakePackager Add(string name, RenditionFormat format)
    {
        _feeds.Add(name, new Feed(format));
        Say(new TimelineEvent.RenditionAdded(name, format.Kind));
        return Init(name, format);
    }

    public FakePackager Init(string name, RenditionFormat format)
    {
        var feed = _feeds[name];
        feed.Format = format;
        feed.Init++;
        var path = Path(name, $"init-{feed.Init}.mp4");
        Objects[path.Value] = [.. "init "u8, (byte)feed.Init];
        Say(new TimelineEvent.InitReady(name, feed.Init, format, path, Objects[path.Value].Length));
        return this;
    }

    /// <summary>Uses an earlier init segment for the next segments.</summary>
    public FakePackager Use(string name, int init)
    {
        _feeds[name].Init = init;
        return this;
    }

    public FakePackager Change(string name, Func<RenditionFormat, RenditionFormat> change) => Init(name, change(_feeds[name].Format));

    /// <summary>Announces the latest init segment again, with captions detected late.</summary>
    public FakePackager Caption(string name, string captions)
    {
        var feed = _feeds[name];
        feed.Format = feed.Format with { Captions = captions };
        var path = Path(name, $"init-{feed.Init}.mp4");
        Say(new TimelineEvent.InitReady(name, feed.Init, feed.Format, path, Objects[path.Value].Length));
        return this;
    }

    /// <summary>Adds a segment of two parts to every rendition.</summary>
    public FakePackager Segment(double seconds = 2, int bytes = 1_000_000, bool independent = true)
    {
        foreach (var name in _feeds.Keys)
        {
            Open(name, seconds, _feeds[name].Format.Kind == TrackKind.Video ? bytes : bytes / 25, independent);
        }

        foreach (var name in _feeds.Keys)
        {
            Close(name);
        }

        return this;
    }

    public FakePackager Segments(int count, double seconds = 2, int bytes = 1_000_000)
    {
        for (var i = 0; i < count; i++)
        {
            Segment(seconds, bytes);
        }

        return this;
    }

    public FakePackager Open(string name, double seconds = 2, int bytes = 1000, bool independent = true)
    {
        var feed = _feeds[name];
        var path = Path(name, $"{feed.Next}.m4s");
        var content = new byte[bytes];
        new Random((int)feed.Next).NextBytes(content);
        Objects[path.Value] = content;
        var half = MediaTime.From(TimeSpan.FromSeconds(seconds / 2), feed.Format.Timescale);
        for (var part = 0; part < 2; part++)
        {
            var wall = Start + feed.Time.ToTimeSpan();
            Say(new TimelineEvent.PartReady(
                name, feed.Next, part, feed.Init, feed.Time, half, part == 0 && independent, wall, path, part * (bytes / 2),
                part == 0 ? bytes / 2 : bytes - (bytes / 2),
                part == 0 && independent && feed.Format.Kind == TrackKind.Video ? KeyLength : 0));
            feed.Time += half;
        }

        return this;
    }

    /// <summary>Adds a segment with real media.</summary>
    public FakePackager Whole(string name, byte[] content, double seconds)
    {
        var feed = _feeds[name];
        var path = Path(name, $"{feed.Next}.m4s");
        Objects[path.Value] = content;
        var duration = MediaTime.From(TimeSpan.FromSeconds(seconds), feed.Format.Timescale);
        Say(new TimelineEvent.PartReady(name, feed.Next, 0, feed.Init, feed.Time, duration, true, Start + feed.Time.ToTimeSpan(), path, 0,
            content.Length));
        feed.Time += duration;
        return Close(name);
    }

    /// <summary>Adds the next part of the open segment; the first part opens it.</summary>
    public FakePackager Part(string name, double seconds = 1 / 3.0, bool independent = false, int bytes = 100)
    {
        var feed = _feeds[name];
        var path = Path(name, $"{feed.Next}.m4s");
        var before = Objects.GetValueOrDefault(path.Value, []);
        Objects[path.Value] = [.. before, .. Enumerable.Repeat((byte)feed.Parts, bytes)];
        var duration = new MediaTime((long)Math.Round(seconds * feed.Format.Timescale), feed.Format.Timescale);
        Say(new TimelineEvent.PartReady(
            name, feed.Next, feed.Parts, feed.Init, feed.Time, duration, independent || feed.Parts == 0, Start + feed.Time.ToTimeSpan(),
            path, before.Length, bytes));
        feed.Time += duration;
        feed.Parts++;
        return this;
    }

    public FakePackager Parts(string name, int count, double seconds = 1 / 3.0)
    {
        for (var i = 0; i < count; i++)
        {
            Part(name, seconds);
        }

        return this;
    }

    public FakePackager Close(string name)
    {
        var feed = _feeds[name];
        feed.Parts = 0;
        Say(new TimelineEvent.SegmentClosed(name, feed.Next++));
        return this;
    }

    public FakePackager Gap(string name, double seconds = 2)
    {
        var feed = _feeds[name];
        var duration = MediaTime.From(TimeSpan.FromSeconds(seconds), feed.Format.Timescale);
        Say(new TimelineEvent.SegmentGap(name, feed.Next++, feed.Init, feed.Time, duration, Start + feed.Time.ToTimeSpan()));
        feed.Time += duration;
        return this;
    }

    public FakePackager Discontinuity(bool slate = false)
    {
        Say(new TimelineEvent.Discontinuity(_feeds.Values.Max(feed => feed.Next), slate));
        return this;
    }

    /// <summary>Advances time without media, as between two connections of an encoder.</summary>
    public FakePackager Silence(double seconds)
    {
        foreach (var feed in _feeds.Values)
        {
            feed.Time += MediaTime.From(TimeSpan.FromSeconds(seconds), feed.Format.Timescale);
        }

        return this;
    }

    /// <summary>Adds a poster.</summary>
    public FakePackager Poster(double seconds, int bytes = 100)
    {
        var time = MediaTime.From(TimeSpan.FromSeconds(seconds), 1000);
        var name = Path("posters", $"{time.Ticks}.jpg");
        Objects[name.Value] = [.. Enumerable.Range(0, bytes).Select(i => (byte)(i + time.Ticks))];
        Say(new TimelineEvent.PosterReady(time, 1280, 720, name, bytes));
        return this;
    }

    /// <summary>Adds a sprite sheet of five thumbnails, covering 10 s.</summary>
    public FakePackager Sheet(double seconds, int bytes = 2000)
    {
        var time = MediaTime.From(TimeSpan.FromSeconds(seconds), 1000);
        var name = Path("thumbnails", $"{time.Ticks}.jpg");
        Objects[name.Value] = [.. Enumerable.Range(0, bytes).Select(i => (byte)(i + time.Ticks))];
        Say(new TimelineEvent.SpriteSheetReady(time, new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180), name, bytes));
        return this;
    }

    public FakePackager Window(long first)
    {
        Say(new TimelineEvent.WindowMoved(first));
        return this;
    }

    /// <summary>Moves the segments before a number out of the live window into an index block.</summary>
    public FakePackager IndexBlock(long before)
    {
        var timeline = new SessionTimeline(Session);
        Events.ForEach(@event => timeline.Apply(@event));
        var indexBlock = Broadcast.Media.Timeline.IndexBlock.Of(timeline, before - 1);
        var path = Path("chapters", $"{indexBlock.First}-{indexBlock.Last}.chapter");
        Objects[path.Value] = IndexBlockFile.Write(indexBlock);
        Say(indexBlock.Announce(path, Objects[path.Value].Length));
        return this;
    }

    /// <summary>Writes a journal file with all events so far, as the packager does.</summary>
    public FakePackager Journal(long number = 1, JournalEnd end = JournalEnd.Ended, bool listsIndexBlocks = false)
    {
        var timeline = new SessionTimeline(Session);
        Events.ForEach(@event => timeline.Apply(@event));
        if (listsIndexBlocks)
        {
            var (bytes, list) = IndexBlockListFile.Write(timeline);
            timeline.Apply(list);
            Objects[list.Object.Value] = bytes;
        }

        var begin = JournalFile.Preamble(Session.Channel, Session.Id, Session.Epoch, number, timeline.JournalCheckpoint());
        Objects[ObjectNames.Of(Session).Journal(Session.Epoch, number).Value] =
            end == JournalEnd.Open ? begin : [.. begin, .. JournalFile.Trailer(end)];
        return this;
    }

    public FakePackager End()
    {
        Say(new TimelineEvent.Ended("over"));
        return this;
    }

    public FakePackager SendTo(ITimelineSink sink)
    {
        sink.Append(Session.Channel, Session.Id, [.. Unsent]);
        Unsent.Clear();
        return this;
    }

    private ObjectName Path(string rendition, string file) => ObjectName.Parse($"live/{Session.Channel}/{Session.Id}/{rendition}/{file}");

    public void Say(TimelineEvent @event)
    {
        Events.Add(@event);
        Unsent.Add(@event);
    }

    private sealed class Feed(RenditionFormat format)
    {
        public RenditionFormat Format { get; set; } = format;

        public int Init { get; set; }

        public long Next { get; set; } = 1;

        public int Parts { get; set; }

        public MediaTime Time { get; set; } = MediaTime.Zero(format.Timescale);
    }
}
