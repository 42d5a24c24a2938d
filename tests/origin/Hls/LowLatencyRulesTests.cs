using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Media;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Broadcast.Origin.Tests.Hls;

/// <summary>
/// Permitted changes from one low-latency playlist to the next (draft-pantos-hls-rfc8216bis), checked on random broadcasts for a player
/// that loads each version.
/// </summary>
public partial class LowLatencyRulesTests
{
    public enum Step
    {
        Part,
        ShortPart,
        OneRendition,
        Segment,
        Segments,
        Gap,
        Discontinuity,
        Silence,
        Trim,
        Rejoin,
    }

    private static readonly string[] Names = ["source", "audio"];

    [Fact]
    public void Playlists_of_any_broadcast_never_contradict_earlier_ones() =>
        Check.One(PropertyTest.Config.WithMaxTest(50).WithEndSize(60),
            Prop.ForAll(ArbMap.Default.ArbFor<Step[]>(), steps => Play(steps)));

    private static void Play(Step[] steps)
    {
        var broadcaster = new FakePackager(latency: LatencyProfile.Low).Video().Audio();
        var session = broadcaster.Listen();
        var seen = new Dictionary<string, Playlist>();
        var (first, closed, open) = (1L, 0L, 0);
        var discontinuity = false;
        void Close()
        {
            // A segment's last part and its end are announced together.
            broadcaster.Part("source", 0.2).Part("audio", 0.1).Close("source").Close("audio");
            (closed, open, discontinuity) = (closed + 1, 0, false);
        }

        foreach (var step in steps)
        {
            switch (step)
            {
                case Step.Part or Step.ShortPart when open < 7:
                    var length = step == Step.Part ? 1 / 3.0 : 0.3;
                    broadcaster.Part("source", length).Part("audio", length);
                    open++;
                    break;
                case Step.OneRendition when open < 7:
                    broadcaster.Part("source").NotifyTo(session);
                    Look(session, seen);
                    broadcaster.Part("audio");
                    open++;
                    break;
                case Step.Segment:
                    Close();
                    break;
                case Step.Segments:
                    for (var i = 0; i < 4; i++)
                    {
                        broadcaster.Parts("source", 5).Parts("audio", 5);
                        Close();
                        broadcaster.NotifyTo(session);
                        Look(session, seen);
                    }

                    break;
                case Step.Gap when open == 0:
                    broadcaster.Part("source", 0.3).Close("source").Gap("audio", 4);
                    (closed, discontinuity) = (closed + 1, false);
                    break;
                case Step.Discontinuity when open == 0 && !discontinuity:
                    broadcaster.Discontinuity();
                    discontinuity = true;
                    break;
                case Step.Silence when open == 0:
                    broadcaster.Silence(1.7);
                    break;
                case Step.Trim when closed - first >= 5:
                    broadcaster.Window(first += 2);
                    break;
                case Step.Rejoin:
                    session.Append(broadcaster.Events, error => throw new InvalidOperationException(error));
                    broadcaster.Unsent.Clear();
                    break;
            }

            broadcaster.NotifyTo(session);
            Look(session, seen);
        }

        broadcaster.End().NotifyTo(session);
        Look(session, seen);
        seen.Values.ShouldAllBe(playlist => playlist.Ended && playlist.Hint == null && playlist.Reports.Count == 0);
    }

    private static void Look(LiveSession session, Dictionary<string, Playlist> seen)
    {
        var now = new Dictionary<string, Playlist>();
        foreach (var name in Names)
        {
            if (session.Manifests.MediaPlaylist(name) is not { } document)
            {
                seen.ShouldNotContainKey(name);
                continue;
            }

            now[name] = Playlist.Parse(document.Text());
            Alone(now[name]);
            Delta(now[name], session.Manifests.MediaPlaylist(name, isDelta: true).Text(), seen.GetValueOrDefault(name));
            Directives(session, name, now[name]);
            if (seen.TryGetValue(name, out var before))
            {
                Follows(before, now[name]);
            }
        }

        foreach (var (name, playlist) in now)
        {
            Reports(name, playlist, now, isNew: !seen.TryGetValue(name, out var before) || before.Text != playlist.Text);
            seen[name] = playlist;
        }
    }

    /// <summary>4.4.3.7, 4.4.3.8, 4.4.4.9 and 6.2.2.</summary>
    private static void Alone(Playlist playlist)
    {
        playlist.Head.ShouldBe([
            "#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:3",
            "#EXT-X-SERVER-CONTROL:HOLD-BACK=9.0,PART-HOLD-BACK=1.05,CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18.0",
            "#EXT-X-PART-INF:PART-TARGET=0.35"]);
        playlist.Segments.Values.SelectMany(segment => segment.Parts).Max(part => part.Duration).ShouldBeLessThanOrEqualTo(0.35);
        foreach (var (number, segment) in playlist.Segments)
        {
            for (var i = 0; i < segment.Parts.Count; i++)
            {
                (segment.Parts[i].Uri, segment.Parts[i].IsGap).ShouldBe(($"{playlist.Rendition}/{number}.{i}.m4s", segment.IsGap));
            }
        }

        // Parts only in segments within three target durations of the end, and always in the last complete segment.
        var distance = 0.0;
        foreach (var (number, segment) in playlist.Segments.Reverse())
        {
            distance += segment.Duration;
            if (Math.Abs(distance - 9) > 0.001)
            {
                (segment.Parts.Count > 0).ShouldBe(distance < 9, $"segment {number}, {distance} s from the end");
            }
        }
    }

    /// <summary>
    /// 6.2.1 and 6.2.2: lines are added at the end and removed at the start, parts before their segments; hinted media arrive (6.2.6).
    /// </summary>
    private static void Follows(Playlist before, Playlist now)
    {
        now.MediaSequence.ShouldBeGreaterThanOrEqualTo(before.MediaSequence);
        now.Discontinuities.ShouldBeGreaterThanOrEqualTo(before.Discontinuities);
        (now.Ended || !before.Ended).ShouldBeTrue();
        var listed = false;
        foreach (var (number, old) in before.Segments.Where(segment => segment.Key >= now.MediaSequence))
        {
            var segment = now.Segments[number];
            (segment.Tags, segment.IsGap).ShouldBe((old.Tags, old.IsGap), $"segment {number} changed");
            (old.IsOpen || (segment.Uri, segment.Duration) == (old.Uri, old.Duration)).ShouldBeTrue($"segment {number} changed");
            (!segment.IsOpen || old.IsOpen).ShouldBeTrue($"segment {number} was whole");
            // Its parts are unchanged, extended, or removed; and no earlier segment then still has parts.
            (segment.Parts.Count == 0 || segment.Parts.Take(old.Parts.Count)
                .SequenceEqual(old.Parts)).ShouldBeTrue($"parts of segment {number} changed");
            (old.Parts.Count == 0).ShouldBe(old.Parts.Count == 0 && segment.Parts.Count == 0, $"parts of segment {number} came back");
            (listed && segment.Parts.Count == 0).ShouldBeFalse($"parts of segment {number} went before older ones");
            listed |= segment.Parts.Count > 0;
        }

        if (now.Newest == before.Newest || before.Hint is null)
        {
            return;
        }

        now.Newest.ShouldBeGreaterThan(before.Newest);
        now.Segments.Values.Any(segment => segment.Parts.Exists(part => part.Uri == before.Hint))
            .ShouldBeTrue($"{before.Hint} was hinted at and did not come");
    }

    /// <summary>4.4.5.4: a rendition report matches the moment of its playlist.</summary>
    private static void Reports(string name, Playlist playlist, Dictionary<string, Playlist> now, bool isNew)
    {
        if (playlist.Ended)
        {
            return;
        }

        foreach (var (uri, newest) in playlist.Reports)
        {
            var other = now[uri[..^5]].Newest;
            newest.ShouldBeLessThanOrEqualTo(other);
            (isNew && newest != other).ShouldBeFalse($"{name} is new, and its report of {uri} is not");
        }

        (isNew && now.Count > playlist.Reports.Count + 1).ShouldBeFalse("every other rendition is reported");
    }

    /// <summary>6.2.5.1: a delta update applied to the player's version yields the full playlist.</summary>
    private static void Delta(Playlist whole, string text, Playlist? before)
    {
        var match = Skip().Match(text);
        if (!match.Success)
        {
            text.ShouldBe(whole.Text);
            return;
        }

        var count = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        var delta = Playlist.Parse(text, count);
        var behind = whole.Segments.Values.Where(segment => !segment.IsOpen).Sum(segment => segment.Duration);
        (delta.MediaSequence, delta.Discontinuities, delta.Hint,
            delta.Ended).ShouldBe((whole.MediaSequence, whole.Discontinuities, whole.Hint, whole.Ended));
        foreach (var (number, segment) in whole.Segments)
        {
            behind -= segment.Duration;
            if (delta.Segments.TryGetValue(number, out var kept))
            {
                (kept.Uri, kept.Duration, kept.IsGap, kept.IsOpen).ShouldBe((segment.Uri, segment.Duration, segment.IsGap, segment.IsOpen));
                kept.Parts.SequenceEqual(segment.Parts).ShouldBeTrue($"parts of segment {number} differ");
                kept.Tags.ShouldBe(segment.Tags);
                continue;
            }

            before.ShouldNotBeNull().Segments[number].Uri.ShouldBe(segment.Uri);
            behind.ShouldBeGreaterThan(18 - 0.0001);
        }
    }

    /// <summary>6.2.5.2: a request is answered exactly when the requested media, or later ones, are available.</summary>
    private static void Directives(LiveSession session, string name, Playlist playlist)
    {
        if (playlist.Ended)
        {
            return;
        }

        var (segment, part) = playlist.Newest;
        Verdict(segment, part).ShouldBe(ReloadDecision.RespondRequested);
        Verdict(segment, part + 1).ShouldBe(ReloadDecision.Hold);
        Verdict(segment + 1, 0).ShouldBe(ReloadDecision.Hold);
        var lastWhole = playlist.Segments.Last(listed => !listed.Value.IsOpen).Key;
        Verdict(lastWhole, null).ShouldBe(ReloadDecision.RespondRequested);
        Verdict(lastWhole + 1, null).ShouldBe(ReloadDecision.Hold);
        Verdict(lastWhole + 3, null).ShouldBe(ReloadDecision.Reject);

        ReloadDecision Verdict(long segment, int? part) =>
            session.Evaluate(name, new DeliveryDirectives(segment, part, false),
                new ManualTimeProvider(FakePackager.Start.AddSeconds(10)).GetTimestamp(), out _);
    }

    [GeneratedRegex("#EXT-X-SKIP:SKIPPED-SEGMENTS=([0-9]+)\n")]
    private static partial Regex Skip();

    private sealed record Part(string Uri, double Duration, bool Independent, bool IsGap);

    private sealed class Listed
    {
        public string Uri { get; set; } = "";

        public double Duration { get; set; }

        public bool IsGap { get; set; }

        public bool IsOpen { get; set; } = true;

        /// <summary>Discontinuity, date and, if specified, current map.</summary>
        public string Tags { get; set; } = "";

        public List<Part> Parts { get; } = [];
    }

    private sealed partial record Playlist(
        string Text, string Rendition, IReadOnlyList<string> Head, long MediaSequence, long Discontinuities, bool Ended, string? Hint,
        Dictionary<string, (long, int)> Reports, SortedDictionary<long, Listed> Segments)
    {
        public (long Segment, int Part) Newest => Segments.Where(segment => segment.Value.Parts.Count > 0)
            .Select(segment => (segment.Key, segment.Value.Parts.Count - 1)).Max();

        public static Playlist Parse(string text, int skipped = 0)
        {
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            long Value(string tag) => long.Parse(lines.Single(line => line.StartsWith(tag, StringComparison.Ordinal))[tag.Length..],
                CultureInfo.InvariantCulture);
            var sequence = Value("#EXT-X-MEDIA-SEQUENCE:");
            var segments = new SortedDictionary<long, Listed>();
            var reports = new Dictionary<string, (long, int)>();
            string? hint = null;
            var (number, current, map) = (sequence + skipped, new Listed(), "");
            foreach (var line in lines)
            {
                var attributes = Attribute().Matches(line).ToDictionary(match => match.Groups[1].Value,
                    match => match.Groups[2].Value.Trim('"'));
                switch (line.Split(':')[0])
                {
                    case "#EXT-X-DISCONTINUITY":
                        current.Tags += "discontinuity ";
                        break;
                    case "#EXT-X-MAP":
                        map = attributes["URI"];
                        break;
                    case "#EXT-X-PROGRAM-DATE-TIME":
                        current.Tags += $"{map} {line}";
                        break;
                    case "#EXT-X-GAP":
                        current.IsGap = true;
                        break;
                    case "#EXT-X-PART":
                        current.Parts.Add(new Part(
                            attributes["URI"], double.Parse(attributes["DURATION"], CultureInfo.InvariantCulture),
                            attributes.GetValueOrDefault("INDEPENDENT") == "YES", attributes.GetValueOrDefault("GAP") == "YES"));
                        current.Duration += current.Parts[^1].Duration;
                        break;
                    case "#EXTINF":
                        (current.Duration, current.IsOpen) = (double.Parse(line[8..^1], CultureInfo.InvariantCulture), false);
                        break;
                    case "#EXT-X-PRELOAD-HINT":
                        hint.ShouldBeNull("one hint a type (6.2.6)");
                        attributes["TYPE"].ShouldBe("PART");
                        hint = attributes["URI"];
                        break;
                    case "#EXT-X-RENDITION-REPORT":
                        reports.Add(attributes["URI"], (long.Parse(attributes["LAST-MSN"], CultureInfo.InvariantCulture),
                            int.Parse(attributes["LAST-PART"], CultureInfo.InvariantCulture)));
                        break;
                    case var uri when !uri.StartsWith('#'):
                        line.ShouldEndWith($"/{number}.m4s");
                        current.Uri = line;
                        segments.Add(number++, current);
                        current = new Listed();
                        break;
                }
            }

            if (current.Parts.Count > 0)
            {
                segments.Add(number, current);
            }

            return new Playlist(
                text, segments.Values.First(segment => !segment.IsOpen).Uri.Split('/')[0], lines[..5], sequence,
                Value("#EXT-X-DISCONTINUITY-SEQUENCE:"),
                lines[^1] == "#EXT-X-ENDLIST", hint, reports, segments);
        }

        [GeneratedRegex("([A-Z-]+)=(\"[^\"]*\"|[^,\"]*)")]
        private static partial Regex Attribute();
    }
}
