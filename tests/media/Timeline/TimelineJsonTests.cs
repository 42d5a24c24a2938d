using System.Buffers;
using System.Reflection;
using System.Text;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

public sealed class TimelineJsonTests
{
    private static readonly TimelineEvent.IndexBlockReady IndexBlock = new(
        31, 60, RandomTimeline.At(31), new(5_400_000, 90_000), RandomTimeline.Start, 1,
        [new("source", 31, 60, 2), new("audio", 40, 60, 1, 1)], ObjectName.Parse("live/main/s/chapters/31-60.chapter"), 900);

    private static readonly TimelineEvent[] Examples =
    [
        new TimelineEvent.Started(RandomTimeline.Session(epoch: 3)),
        new TimelineEvent.Started(RandomTimeline.Session() with
        {
            StartedAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(5.5)).AddTicks(1_234_567),
            Latency = LatencyProfile.Low with { Name = "custom", PartTarget = TimeSpan.FromTicks(3_333_333) },
        }),
        new TimelineEvent.Started(RandomTimeline.Session() with { DvrWindow = TimeSpan.FromHours(12) }),
        new TimelineEvent.Started(RandomTimeline.Session() with { DvrWindow = DvrWindow.All }),
        new TimelineEvent.RenditionAdded("audio", TrackKind.Audio, 7),
        RandomTimeline.Init("source", 2),
        RandomTimeline.Init("audio", 1, TrackKind.Audio)
            with { Format = RandomTimeline.Format(TrackKind.Audio) with { Language = "zh-Hant-TW" } },
        RandomTimeline.Init("audio", 1, TrackKind.Audio)
            with { Format = RandomTimeline.Format(TrackKind.Audio) with { Name = "Kommentar \"2\"" } },
        RandomTimeline.Init("source", 3)
            with { Format = RandomTimeline.Format(TrackKind.Video) with { Color = new ColorDescription(9, 16, 9, FullRange: true) } },
        new TimelineEvent.Discontinuity(long.MaxValue),
        new TimelineEvent.Discontinuity(12, IsSlate: true),
        RandomTimeline.Part("source", 7, 3, independent: false),
        RandomTimeline.Part("source", 1, 0) with { Start = new(-1024, 44_100), Offset = 1L << 40 },
        new TimelineEvent.SegmentClosed("720p", 12),
        new TimelineEvent.SegmentGap("source", 4, 1, RandomTimeline.At(4), new(180_000, 90_000), RandomTimeline.Start),
        new TimelineEvent.WindowMoved(31),
        new TimelineEvent.WindowMoved(31, Discontinuities: 12),
        new TimelineEvent.WindowMoved(31, new TimelinePeriod(7, new(12_000, 1000))),
        new TimelineEvent.WindowMoved(31, Slate: new TimelineSlate(29, RandomTimeline.At(29), RandomTimeline.Start)),
        IndexBlock,
        IndexBlock with { Run = new TimelinePeriod(7, new(12_000, 1000)), Next = new TimelinePeriod(61, new(120_000, 1000)) },
        new TimelineEvent.IndexBlocksListed(1, 60, 7, ObjectName.Parse("live/main/s/chapters/1-60-0a12f09c.chapters"), 4000),
        new TimelineEvent.DvrWindowMoved(31),
        RandomTimeline.Poster(0),
        RandomTimeline.Sheet(40_000) with { Layout = new SpriteSheetLayout(4, 3, 102, 180) },
        new TimelineEvent.Ended("the encoder said \"bye\"\n\u2028 \ud83d\udc4b"),
    ];

    public static TheoryData<int> Numbers() => [.. Enumerable.Range(0, Examples.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Every_event_round_trips(int number)
    {
        var bytes = TimelineJson.Serialize(Examples[number]);
        TimelineJson.Parse(bytes).ShouldBe(Examples[number]);
        bytes.ShouldNotContain((byte)'\n');
        var buffer = new ArrayBufferWriter<byte>();
        TimelineJson.Write(Examples[number], buffer);
        buffer.WrittenSpan.SequenceEqual(bytes).ShouldBeTrue();
    }

    [Fact]
    public void Every_event_type_has_an_example() =>
        typeof(TimelineEvent).GetNestedTypes(BindingFlags.Public).Where(type => type.IsSubclassOf(typeof(TimelineEvent)))
            .Except(Examples.Select(example => example.GetType())).ShouldBeEmpty();

    [Fact]
    public void JSON_format_is_stable_because_journals_outlive_versions()
    {
        Text(RandomTimeline.Part("source", 2, 1)).ShouldBe(
            """{"type":"part","rendition":"source","segment":2,"part":1,"init":1,"start":"225000/90000","duration":"45000/90000","independent":true,"wallClock":"2026-03-01T12:00:02.5+00:00","object":"live/main/s/source/2.mp4","offset":1000,"length":1000}""");
        Text(new TimelineEvent.Started(RandomTimeline.Session())).ShouldBe(
            """{"type":"started","session":{"channel":"main","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","epoch":1,"startedAt":"2026-03-01T12:00:00+00:00","latency":{"name":"standard","segmentMinimum":"00:00:02","targetDuration":"00:00:03","partTarget":"00:00:01","window":"00:01:00"}}}""");
        Text(RandomTimeline.Init("audio", 1, TrackKind.Audio)).ShouldBe(
            """{"type":"init","rendition":"audio","init":1,"format":{"kind":"Audio","codecs":"mp4a.40.2","timescale":48000,"width":0,"height":0,"frameRate":0,"sampleRate":48000,"channels":2,"language":"de"},"object":"live/main/s/audio/init1.mp4","length":701}""");
        Text(RandomTimeline.Init("source", 1) with { Format = RandomTimeline.Format(TrackKind.Video)
            with { Name = "Totale", Color = new ColorDescription(9, 16, 9, FullRange: false) } }).ShouldBe(
            """{"type":"init","rendition":"source","init":1,"format":{"kind":"Video","codecs":"avc1.640028","timescale":90000,"width":1920,"height":1080,"frameRate":30,"sampleRate":0,"channels":0,"language":null,"name":"Totale","color":{"primaries":9,"transfer":16,"matrix":9,"fullRange":false}},"object":"live/main/s/source/init1.mp4","length":701}""");
        Text(IndexBlock).ShouldBe(
            """{"type":"chapter","first":31,"last":60,"start":"5400000/90000","duration":"5400000/90000","wallClock":"2026-03-01T12:00:00+00:00","discontinuities":1,"renditions":[{"rendition":"source","first":31,"last":60,"init":2},{"rendition":"audio","first":40,"last":60,"init":1,"before":1}],"object":"live/main/s/chapters/31-60.chapter","length":900}""");
        Text(IndexBlock with { Renditions = [], Run = new TimelinePeriod(7, new(12_000, 1000)),
            Next = new TimelinePeriod(61, new(120_000, 1000)) }).ShouldEndWith(
            ""","length":900,"run":{"first":7,"start":"12000/1000"},"next":{"first":61,"start":"120000/1000"}}""");
        Text(new TimelineEvent.WindowMoved(31)).ShouldBe("""{"type":"window","firstSegment":31}""");
        Text(new TimelineEvent.WindowMoved(31, Slate: new TimelineSlate(29, RandomTimeline.At(29), RandomTimeline.Start))).ShouldBe(
            """{"type":"window","firstSegment":31,"slate":{"first":29,"start":"5040000/90000","wallClock":"2026-03-01T12:00:00+00:00"}}""");
        Text(new TimelineEvent.Discontinuity(12)).ShouldBe("""{"type":"discontinuity","segment":12}""");
        Text(new TimelineEvent.Discontinuity(12, IsSlate: true)).ShouldBe("""{"type":"discontinuity","segment":12,"isSlate":true}""");
        Text(new TimelineEvent.RenditionAdded("audio", TrackKind.Audio, 1))
            .ShouldBe("""{"type":"rendition","rendition":"audio","kind":"Audio","place":1}""");
        Text(RandomTimeline.Poster(12_500)).ShouldBe(
            """{"type":"poster","time":"12500/1000","width":1280,"height":720,"object":"live/main/s/posters/12500.jpg","length":90000}""");
        Text(RandomTimeline.Sheet(20_000)).ShouldBe(
            """{"type":"sheet","start":"20000/1000","duration":"10000/1000","layout":{"columns":5,"rows":1,"tileWidth":320,"tileHeight":180},"object":"live/main/s/thumbnails/20000.jpg","length":20000}""");
        TimelineJson.Parse("""{"type":"rendition","rendition":"audio","kind":"Audio"}"""u8)
            .ShouldBe(new TimelineEvent.RenditionAdded("audio", TrackKind.Audio), "as it was before there were places");
    }

    [Fact]
    public void Journal_without_names_and_colors_is_readable() =>
        TimelineJson.Parse(
            """{"type":"init","rendition":"audio","init":1,"format":{"kind":"Audio","codecs":"mp4a.40.2","timescale":48000,"width":0,"height":0,"frameRate":0,"sampleRate":48000,"channels":2,"language":"de"},"object":"live/main/s/audio/init1.mp4","length":701}"""u8)
            .ShouldBe(RandomTimeline.Init("audio", 1, TrackKind.Audio));

    [Fact]
    public void Properties_of_later_versions_are_ignored_at_any_position() =>
        TimelineJson.Parse("""{"new":{"a":[1]},"firstSegment":31,"type":"window","also":null}"""u8)
        .ShouldBe(new TimelineEvent.WindowMoved(31));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"type\":\"unheard-of\"}")]
    [InlineData("{\"type\":7}")]
    [InlineData("{\"type\":\"window\"}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":0}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":-1}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":\"1\"}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":1.5}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":1,\"discontinuities\":-1}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":9223372036854775808}")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":1")]
    [InlineData("{\"type\":\"window\",\"firstSegment\":1}{}")]
    [InlineData("{\"type\":\"poster\",\"time\":\"-1/1000\",\"width\":1,\"height\":1,\"object\":\"a\",\"length\":1}")]
    [InlineData(
        "{\"type\":\"sheet\",\"start\":\"0/1000\",\"duration\":\"1/1000\",\"layout\":{\"columns\":0,\"rows\":1,\"tileWidth\":1,\"tileHeight\":1},\"object\":\"a\",\"length\":1}")]
    [InlineData("{\"type\":\"sheet\",\"start\":\"0/1000\",\"duration\":\"1/1000\",\"layout\":null,\"object\":\"a\",\"length\":1}")]
    [InlineData("{\"type\":\"segment\",\"rendition\":null,\"segment\":1}")]
    [InlineData("{\"type\":\"chapters\",\"first\":1,\"last\":9,\"count\":0,\"object\":\"a\",\"length\":1}")]
    [InlineData("{\"type\":\"chapters\",\"first\":1,\"last\":9,\"count\":2,\"object\":\"a\",\"length\":0}")]
    [InlineData("{\"type\":\"chapters\",\"first\":0,\"last\":9,\"count\":2,\"object\":\"a\",\"length\":1}")]
    [InlineData("{\"type\":\"chapters\",\"first\":10,\"last\":9,\"count\":2,\"object\":\"a\",\"length\":1}")]
    [InlineData("{\"type\":\"rendition\",\"rendition\":\"a\",\"kind\":\"smell\"}")]
    [InlineData(
        "{\"type\":\"gap\",\"rendition\":\"a\",\"segment\":1,\"init\":1,\"start\":\"0/0\",\"duration\":\"1/1\",\"wallClock\":\"2026-03-01T12:00:00Z\"}")]
    [InlineData(
        "{\"type\":\"gap\",\"rendition\":\"a\",\"segment\":1,\"init\":1,\"start\":5,\"duration\":\"1/1\",\"wallClock\":\"2026-03-01T12:00:00Z\"}")]
    [InlineData(
        "{\"type\":\"gap\",\"rendition\":\"a\",\"segment\":1,\"init\":1,\"start\":\"0/1\",\"duration\":\"-1/1\",\"wallClock\":\"2026-03-01T12:00:00Z\"}")]
    [InlineData(
        "{\"type\":\"gap\",\"rendition\":\"a\",\"segment\":1,\"init\":1,\"start\":\"0/1\",\"duration\":\"1/1\",\"wallClock\":\"yesterday\"}")]
    public void Malformed_events_are_rejected_with_a_message(string text) =>
        Should.Throw<InvalidTimelineEventException>(() => TimelineJson.Parse(Encoding.UTF8.GetBytes(text))).Message.ShouldNotBeEmpty();

    [Fact]
    public void Object_name_that_escapes_its_folder_is_rejected() => Should.Throw<InvalidTimelineEventException>(
        () => TimelineJson.Parse(Encoding.UTF8.GetBytes(Text(RandomTimeline.Part("a", 1, 0))
            .Replace("live/main", "../main", StringComparison.Ordinal))));

    [Fact]
    public void Invalid_time_is_not_written() =>
        Should.Throw<ArgumentException>(() => TimelineJson.Serialize(RandomTimeline.Part("a", 1, 0) with { Duration = default }));

    [Fact]
    public void Mutated_events_yield_an_event_or_a_rejection()
    {
        byte[][] seeds = [.. Examples.Select(TimelineJson.Serialize)];
        var refused = 0;
        for (var seed = 0; seed < 10_000; seed++)
        {
            var bytes = Mutation.Of(seeds, new Random(seed));
            try
            {
                var read = TimelineJson.Parse(bytes);
                TimelineJson.Parse(TimelineJson.Serialize(read)).ShouldBe(read);
            }
            catch (InvalidTimelineEventException)
            {
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed}: {Encoding.UTF8.GetString(bytes)}", error);
            }
        }

        refused.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void Event_beyond_the_length_limit_is_rejected() =>
        Should.Throw<InvalidTimelineEventException>(() =>
            TimelineJson.Parse(Encoding.UTF8.GetBytes($$"""{"type":"ended","reason":"{{new string('a', TimelineJson.MaxLength)}}"}""")));

    [Fact]
    public void Complete_session_round_trips_through_its_JSON()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var events = RandomTimeline.Random(seed);
            RandomTimeline.Notify(RandomTimeline.Fold(events.Select(@event => TimelineJson.Parse(TimelineJson.Serialize(@event)))))
                .ShouldBe(RandomTimeline.Notify(RandomTimeline.Fold(events)));
        }
    }

    private static string Text(TimelineEvent @event) => Encoding.UTF8.GetString(TimelineJson.Serialize(@event));
}
