using System.Text;
using Broadcast.Media.Codecs;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Timeline;

/// <summary>Timeline events, journals and index blocks, byte for byte as earlier versions wrote them.</summary>
public class GoldenTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, 250, TimeSpan.Zero);

    private static readonly SessionId Session = SessionId.Parse("01JN8E0000000000000000000A");

    private static readonly ChannelName Channel = ChannelName.Parse("demo");

    private static readonly TimelinePeriod Run = new(3, new MediaTime(1500, 1000));

    private static readonly RenditionFormat Video = new(TrackKind.Video, "avc1.64001f", 90_000, 1920, 1080, 29.97, 0, 0, null);

    private static readonly RenditionFormat Audio = new(TrackKind.Audio, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, "de",
        Name: "Kommentar \"laut\" <1>");

    private static ObjectName Name(string file) => ObjectName.Parse($"live/demo/{Session}/{file}");

    /// <summary>Every kind of event, without and with its optional members.</summary>
    private static IEnumerable<TimelineEvent> Events()
    {
        yield return new TimelineEvent.Started(new BroadcastSession(Channel, Session, 1, Noon, LatencyProfile.Standard));
        foreach (var (latency, access) in LatencyProfile.All.Zip(Enum.GetValues<ViewerAccess>()))
        {
            yield return new TimelineEvent.Started(new BroadcastSession(Channel, Session, 7, Noon.ToOffset(TimeSpan.Zero), latency)
            {
                DvrWindow = TimeSpan.FromMinutes(90), IsRecorded = true, BeginsHidden = true, Access = access,
            });
        }

        yield return new TimelineEvent.RenditionAdded("source", TrackKind.Video);
        yield return new TimelineEvent.RenditionAdded("audio-de", TrackKind.Audio, Position: 2);
        yield return new TimelineEvent.InitReady("source", 1, Video, Name("source/init-1.mp4"), 656);
        yield return new TimelineEvent.InitReady(
            "source", 2, Video with { Color = new ColorDescription(9, 16, 9, FullRange: true), Captions = "CC1 CC3" },
            Name("source/init-2.mp4"),
            700);
        yield return new TimelineEvent.InitReady("audio-de", 1, Audio, Name("audio-de/init-1.mp4"), 593);
        yield return new TimelineEvent.Discontinuity(3);
        yield return new TimelineEvent.Discontinuity(4, IsSlate: true);
        yield return new TimelineEvent.PartReady("source", 3, 0, 1, new(135_000, 90_000), new(30_000, 90_000), true, Noon,
            Name("source/3.m4s"), 0, 4321, KeyLength: 1234);
        yield return new TimelineEvent.PartReady("source", 3, 1, 1, new(165_000, 90_000), new(30_000, 90_000), false, Noon,
            Name("source/3.m4s"), 4321, 900);
        yield return new TimelineEvent.SegmentClosed("source", 3);
        yield return new TimelineEvent.SegmentGap("audio-de", 3, 1, new(72_000, 48_000), new(96_256, 48_000), Noon);
        yield return new TimelineEvent.WindowMoved(3);
        yield return new TimelineEvent.WindowMoved(3, Run, new TimelineSlate(3, new(1500, 1000), Noon));
        yield return new TimelineEvent.WindowMoved(3, Discontinuities: 2);
        yield return new TimelineEvent.IndexBlockReady(1, 2, new(0, 90_000), new(360_000, 90_000), Noon, 0,
            [new IndexBlockRange("source", 1, 2, 1)], Name("chapters/1-2.chapter"), 79);
        yield return new TimelineEvent.IndexBlockReady(
            3, 9, new(360_000, 90_000), new(1_260_000, 90_000), Noon, 2,
            [new IndexBlockRange("source", 3, 9, 2, Before: 1), new IndexBlockRange("audio-de", 4, 8, 1)],
            Name("chapters/3-9.chapter"), 179, Run, Run with { First = 10 });
        yield return new TimelineEvent.IndexBlocksListed(1, 9, 2, Name("chapters/1-9-0a12f09c.chapters"), 812);
        yield return new TimelineEvent.DvrWindowMoved(5);
        yield return new TimelineEvent.PosterReady(new(4000, 1000), 1280, 720, Name("posters/4000.jpg"), 5000);
        yield return new TimelineEvent.SpriteSheetReady(new(10_000, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 2, 320, 180),
            Name("thumbnails/10000.jpg"), 9000);
        yield return new TimelineEvent.Ended("over: \"bye\" ü");
    }

    [Fact]
    public void Every_kind_of_timeline_event_matches_its_golden_JSON_and_parses_back()
    {
        var events = Events().ToList();
        typeof(TimelineEvent).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(TimelineEvent)))
            .Except(events.Select(@event => @event.GetType())).ShouldBeEmpty();
        Golden.Matches("timeline-events.jsonl", string.Join('\n', events.Select(Text)));
        events.Select(@event => Text(TimelineJson.Parse(TimelineJson.Serialize(@event)))).ShouldBe(events.Select(Text));
    }

    [Fact]
    public void Journal_matches_its_golden_text()
    {
        var timeline = Folded();
        var begin = JournalFile.Preamble(Channel, Session, 7, 42, timeline.Checkpoint());
        var ends = Enum.GetValues<JournalEnd>().Where(end => end != JournalEnd.Open)
            .Select(end => $"== trailer {(int)end}\n{Encoding.UTF8.GetString(JournalFile.Trailer(end))}");
        Golden.Matches("journal.txt",
            $"== {ObjectNames.Of(Channel, Session).Journal(0, 42)}\n{Encoding.UTF8.GetString(begin)}{string.Concat(ends)}");
    }

    [Fact]
    public void Index_blocks_with_and_without_sprite_sheets_match_their_golden_bytes()
    {
        var timeline = Folded();
        var block = IndexBlock.Of(timeline, timeline.LastSegment);
        Golden.Matches("index-block.1.chapter", IndexBlockFile.Write(block with { SpriteSheets = [] }));
        var sheets = Enumerable.Range(0, 3).Select(i => new IndexedSpriteSheet(new(i * 10_000L, 1000), new(10_000, 1000),
            new SpriteSheetLayout(5, 1, 320, 180), 20_000 + i));
        Golden.Matches("index-block.2.chapter", IndexBlockFile.Write(block with { SpriteSheets = [.. sheets] }));
    }

    private static string Text(TimelineEvent @event) => Encoding.UTF8.GetString(TimelineJson.Serialize(@event));

    /// <summary>A timeline with two renditions, a gap, a discontinuity, a slate, a poster, a sprite sheet and an end.</summary>
    private static SessionTimeline Folded()
    {
        var session = new BroadcastSession(Channel, Session, 7, Noon, LatencyProfile.Low)
        {
            DvrWindow = TimeSpan.FromHours(1), IsRecorded = true,
        };
        var timeline = new SessionTimeline(session);
        List<TimelineEvent> events =
        [
            new TimelineEvent.Started(session),
            new TimelineEvent.RenditionAdded("source", TrackKind.Video),
            new TimelineEvent.RenditionAdded("audio-de", TrackKind.Audio, Position: 2),
            new TimelineEvent.InitReady("source", 1, Video, Name("source/init-1.mp4"), 656),
            new TimelineEvent.InitReady("audio-de", 1, Audio, Name("audio-de/init-1.mp4"), 593),
        ];
        for (var number = 1L; number <= 6; number++)
        {
            if (number is 4 or 6)
            {
                events.Add(new TimelineEvent.Discontinuity(number, IsSlate: number == 6));
            }

            var start = Noon + TimeSpan.FromSeconds(2 * (number - 1));
            for (var part = 0; part < 2; part++)
            {
                events.Add(new TimelineEvent.PartReady(
                    "source", number, part, 1, new(((number - 1) * 180_000) + (part * 90_000), 90_000), new(90_000, 90_000), part == 0,
                    start.AddSeconds(part),
                    Name($"source/{number}.m4s"), part * 1000, 1000 + (int)number, part == 0 ? 300 : 0));
            }

            events.Add(new TimelineEvent.SegmentClosed("source", number));
            if (number == 3)
            {
                events.Add(new TimelineEvent.SegmentGap("audio-de", number, 1, new((number - 1) * 96_000, 48_000), new(96_000, 48_000),
                    start));
                continue;
            }

            events.Add(new TimelineEvent.PartReady(
                "audio-de", number, 0, 1, new((number - 1) * 96_000, 48_000), new(96_000, 48_000), true, start,
                Name($"audio-de/{number}.m4s"), 0, 500));
            events.Add(new TimelineEvent.SegmentClosed("audio-de", number));
        }

        events.Add(new TimelineEvent.PosterReady(new(4000, 1000), 1280, 720, Name("posters/4000.jpg"), 5000));
        events.Add(new TimelineEvent.SpriteSheetReady(new(0, 1000), new(10_000, 1000), new SpriteSheetLayout(5, 1, 320, 180),
            Name("thumbnails/0.jpg"),
            9000));
        events.Add(new TimelineEvent.Ended("over"));
        events.ForEach(@event => timeline.Apply(@event));
        return timeline;
    }
}
