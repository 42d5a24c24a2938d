using System.Globalization;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Broadcast.Origin.Tests.Hls;

/// <summary>
/// RFC 8216, 6.2.1 and 6.2.2: permitted changes from one version of a playlist to the next, checked on random broadcasts.
/// </summary>
public class PlaylistRulesTests
{
    public enum Step
    {
        Segment,
        ShortSegment,
        LongSegment,
        Open,
        Discontinuity,
        Change,
        Gap,
        Silence,
        Trim,
        Rejoin,
    }

    [Fact]
    public void Playlists_of_any_broadcast_only_grow_at_the_end_and_shrink_at_the_front() =>
        Check.One(
            PropertyTest.Config.WithMaxTest(150).WithEndSize(60),
            Prop.ForAll(ArbMap.Default.ArbFor<Step[]>(), steps => Play(steps)));

    private static void Play(Step[] steps)
    {
        var broadcaster = new FakePackager().Video().Audio();
        var session = broadcaster.Listen();
        var seen = new Dictionary<string, Playlist>();
        var first = 1L;
        var last = 0L;
        var discontinuity = false;
        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Segment or Step.ShortSegment or Step.LongSegment:
                    broadcaster.Segment(step switch { Step.ShortSegment => 0.4, Step.LongSegment => 2.9999, _ => 2 }, bytes: 1000);
                    (last, discontinuity) = (last + 1, false);
                    break;
                case Step.Open:
                    // For a while, only the end of the audio is unknown.
                    broadcaster.Open("source").Open("audio").Close("source").NotifyTo(session);
                    Look(session, seen);
                    broadcaster.Close("audio");
                    (last, discontinuity) = (last + 1, false);
                    break;
                case Step.Discontinuity or Step.Change when !discontinuity:
                    broadcaster.Discontinuity();
                    discontinuity = true;
                    if (step == Step.Change)
                    {
                        broadcaster.Change("source", format => format with { Width = format.Width / 2 });
                    }

                    break;
                case Step.Gap:
                    broadcaster.Open("source").Close("source").Gap("audio", 2);
                    (last, discontinuity) = (last + 1, false);
                    break;
                case Step.Silence:
                    broadcaster.Silence(1.7);
                    break;
                case Step.Trim when last - first >= 2:
                    broadcaster.Window(first += 2);
                    break;
                case Step.Rejoin:
                    // Reading the journal again adds nothing.
                    session.Append(broadcaster.Events, error => throw new InvalidOperationException(error));
                    broadcaster.Unsent.Clear();
                    break;
            }

            broadcaster.NotifyTo(session);
            Look(session, seen);
        }

        broadcaster.End().NotifyTo(session);
        Look(session, seen);
        seen.Values.ShouldAllBe(playlist => playlist.Ended);
    }

    private static void Look(LiveSession session, Dictionary<string, Playlist> seen)
    {
        foreach (var name in new[] { "source", "audio" })
        {
            if (session.Manifests.MediaPlaylist(name) is not { } document)
            {
                seen.ShouldNotContainKey(name);
                continue;
            }

            var now = Playlist.Parse(document.Text());
            if (seen.TryGetValue(name, out var before))
            {
                now.MediaSequence.ShouldBeGreaterThanOrEqualTo(before.MediaSequence);
                now.Discontinuities.ShouldBeGreaterThanOrEqualTo(before.Discontinuities);
                now.Segments.Keys.Max().ShouldBeGreaterThanOrEqualTo(before.Segments.Keys.Max());
                (now.Ended || !before.Ended).ShouldBeTrue();
                foreach (var (number, segment) in before.Segments)
                {
                    (number < now.MediaSequence || now.Segments[number] == segment).ShouldBeTrue($"segment {number} of {name} changed");
                }
            }

            now.Target.ShouldBe(3);
            now.Segments.Values.ShouldAllBe(segment => Math.Round(segment.Duration) <= now.Target);
            now.Segments.Values.ShouldAllBe(segment => segment.Map != "");
            seen[name] = now;
        }

        // "the Discontinuity Sequence Number ... of the same segment in all renditions": that of each number they share must be equal.
        if (seen.TryGetValue("source", out var video) && seen.TryGetValue("audio", out var audio))
        {
            foreach (var (number, segment) in video.Segments)
            {
                if (audio.Segments.TryGetValue(number, out var other))
                {
                    other.DiscontinuitySequence.ShouldBe(segment.DiscontinuitySequence);
                }
            }
        }
    }

    private sealed record Listed(string Uri, double Duration, string Map, string Date, bool Gap, long DiscontinuitySequence);

    private sealed record Playlist(long MediaSequence, long Discontinuities, int Target, bool Ended, Dictionary<long, Listed> Segments)
    {
        public static Playlist Parse(string text)
        {
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines[0].ShouldBe("#EXTM3U");
            long Value(string tag) => long.Parse(lines.Single(line => line.StartsWith(tag, StringComparison.Ordinal))[tag.Length..],
                CultureInfo.InvariantCulture);
            var sequence = Value("#EXT-X-MEDIA-SEQUENCE:");
            var discontinuities = Value("#EXT-X-DISCONTINUITY-SEQUENCE:");
            var segments = new Dictionary<long, Listed>();
            var (number, current, map, date, gap, duration) = (sequence, discontinuities, "", "", false, -1.0);
            foreach (var line in lines)
            {
                if (line == "#EXT-X-DISCONTINUITY")
                {
                    current++;
                }
                else if (line.StartsWith("#EXT-X-MAP:", StringComparison.Ordinal))
                {
                    map = line;
                }
                else if (line.StartsWith("#EXT-X-PROGRAM-DATE-TIME:", StringComparison.Ordinal))
                {
                    date = line;
                }
                else if (line == "#EXT-X-GAP")
                {
                    gap = true;
                }
                else if (line.StartsWith("#EXTINF:", StringComparison.Ordinal))
                {
                    duration = double.Parse(line[8..^1], CultureInfo.InvariantCulture);
                }
                else if (!line.StartsWith('#'))
                {
                    line.ShouldEndWith($"/{number}.m4s");
                    segments.Add(number++, new Listed(line, duration, map, date, gap, current));
                    (date, gap, duration) = ("", false, -1);
                }
            }

            return new Playlist(sequence, discontinuities, (int)Value("#EXT-X-TARGETDURATION:"), lines[^1] == "#EXT-X-ENDLIST", segments);
        }
    }
}
