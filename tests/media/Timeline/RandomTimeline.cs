using System.Globalization;
using System.Text;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.Tests.Timeline;

/// <summary>Random sessions of a packager, generated from a seed.</summary>
internal static class RandomTimeline
{
    public static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static BroadcastSession Session(long epoch = 1) =>
        new(ChannelName.Parse("main"), SessionId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV"), epoch, Start, LatencyProfile.Standard);

    public static RenditionFormat Format(TrackKind kind, int variant = 0) => kind == TrackKind.Video
        ? new(kind, "avc1.640028", 90_000, 1920 - variant, 1080, 30, 0, 0, null)
        : new(kind, "mp4a.40.2", 48_000, 0, 0, 0, 48_000, 2, "de");

    public static ObjectName Object(string rendition, long segment) => ObjectName.Parse($"live/main/s/{rendition}/{segment}.mp4");

    public static TimelineEvent.InitReady Init(string rendition, int number, TrackKind kind = TrackKind.Video) =>
        new(rendition, number, Format(kind, number), ObjectName.Parse($"live/main/s/{rendition}/init{number}.mp4"), 700 + number);

    public static TimelineEvent.PartReady Part(string rendition, long segment, int part, int init = 1, bool independent = true) =>
        new(rendition, segment, part, init, At(segment, part), new(45_000, 90_000), independent, Start + At(segment, part).ToTimeSpan(),
            Object(rendition, segment), part * 1000, 1000);

    public static TimelineEvent.SpriteSheetReady Sheet(long start, long duration = 10_000) =>
        new(new(start, 1000), new(duration, 1000), new SpriteSheetLayout(5, 1, 320, 180),
            ObjectName.Parse($"live/main/s/thumbnails/{start}.jpg"), 20_000);

    public static TimelineEvent.PosterReady Poster(long time) =>
        new(new(time, 1000), 1280, 720, ObjectName.Parse($"live/main/s/posters/{time}.jpg"), 90_000);

    public static MediaTime At(long segment, int part = 0) => new(((segment - 1) * 180_000) + (part * 45_000), 90_000);

    public static List<TimelineEvent> Random(int seed)
    {
        var random = new Random(seed);
        var events = new List<TimelineEvent> { new TimelineEvent.Started(Session()) };
        var renditions = new List<(string Name, TrackKind Kind, int Init)>();
        var timeline = new SessionTimeline(Session());
        var applied = 0;
        var (first, epoch) = (1L, 1L);
        var last = random.Next(1, 25);
        for (var segment = 1L; segment <= last; segment++)
        {
            if (renditions.Count == 0 || (renditions.Count < 4 && random.Next(8) == 0))
            {
                var kind = random.Next(3) == 0 ? TrackKind.Audio : TrackKind.Video;
                renditions.Add(($"r{renditions.Count}", kind, 1));
                events.Add(new TimelineEvent.RenditionAdded(renditions[^1].Name, kind, random.Next(3)));
                events.Add(Init(renditions[^1].Name, 1, kind));
            }

            var breaks = random.Next(4) == 0;
            if (breaks)
            {
                events.Add(new TimelineEvent.Discontinuity(segment));
            }

            for (var i = 0; i < renditions.Count; i++)
            {
                var (name, kind, init) = renditions[i];
                if (Known(name) is { Count: > 0 } left && !left.Any(other => other.Number == init))
                {
                    // It left the window with the rendition's last segment; the newest never does.
                    init = left[^1].Number;
                    renditions[i] = (name, kind, init);
                }

                if (random.Next(10) == 0)
                {
                    events.Add(new TimelineEvent.SegmentGap(name, segment, init, At(segment), new(180_000, 90_000),
                        Start + At(segment).ToTimeSpan()));
                    continue;
                }

                if (breaks && random.Next(2) == 0)
                {
                    init = random.Next(3) == 0 && Known(name) is { Count: > 0 } known
                        ? known[random.Next(known.Count)].Number
                        : Announce(name, kind);
                    renditions[i] = (name, kind, init);
                }

                var parts = random.Next(1, 6);
                for (var part = 0; part < parts; part++)
                {
                    events.Add(Part(name, segment, part, init, part == 0 || random.Next(3) == 0));
                }

                if (segment < last || random.Next(2) == 0)
                {
                    events.Add(new TimelineEvent.SegmentClosed(name, segment));
                }
            }

            if (random.Next(3) == 0)
            {
                first = random.NextInt64(first, segment + 2);
                events.Add(new TimelineEvent.WindowMoved(first));
                segment = Math.Max(segment, first - 1);
            }

            if (random.Next(3) == 0)
            {
                events.Add(Sheet((segment - 1) * 2000, 2000 * random.Next(1, 4)));
                events.Add(Poster((segment - 1) * 2000));
            }

            if (random.Next(12) == 0)
            {
                events.Add(new TimelineEvent.Started(Session(++epoch)));
            }
        }

        if (random.Next(3) == 0)
        {
            events.Add(new TimelineEvent.Discontinuity(last + 1));
        }

        if (random.Next(2) == 0)
        {
            events.Add(new TimelineEvent.Ended("unpublished"));
            events.Add(Sheet(last * 2000));
        }

        return events;

        // Init segments on the timeline can be used again.
        IReadOnlyList<TimelineInit> Known(string name)
        {
            for (; applied < events.Count; applied++)
            {
                timeline.Apply(events[applied]);
            }

            return timeline.Find(name)!.Inits;
        }

        int Announce(string name, TrackKind kind)
        {
            var init = Known(name)[^1].Number + 1;
            events.Add(Init(name, init, kind));
            return init;
        }
    }

    public static SessionTimeline Fold(IEnumerable<TimelineEvent> events)
    {
        var all = events.ToList();
        var timeline = new SessionTimeline(((TimelineEvent.Started)all[0]).Session);
        all.ForEach(@event => timeline.Apply(@event));
        return timeline;
    }

    /// <summary>
    /// Renders the state of a timeline as text: equal for equal timelines. The version, which counts events, is excluded.
    /// </summary>
    public static string Notify(SessionTimeline timeline)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{timeline.Session} first {timeline.FirstSegment} last {timeline.LastSegment}");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"discontinuities {timeline.DiscontinuitySequence} + {string.Join(' ', timeline.Discontinuities)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"ended {timeline.IsEnded} {timeline.EndReason}");
        foreach (var rendition in timeline.Renditions)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{rendition.Name} {rendition.Kind} {string.Join(' ', rendition.Inits)}");
            foreach (var s in rendition.Segments)
            {
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"  {s.Number} init {s.Init} {s.Start}+{s.Duration} {s.WallClock:O} {(s.Discontinuity ? "D" : "")}{(s.IsGap ? "G" : "")}{(s.IsClosed ? "C" : "")}{(s.Independent ? "I" : "")} {s.Object} {s.Length}");
                foreach (var part in s.Parts)
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"    {part}");
                }
            }
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{timeline.Poster} {string.Join(' ', timeline.SpriteSheets)}");
        return text.ToString();
    }
}
