using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Origin.Tests.Delivery;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Conformance;

/// <summary>Served playlists of random broadcasts, checked with every rule that a server can violate.</summary>
public class HlsConformanceTests
{
    [Theory]
    [InlineData("low")]
    [InlineData("standard")]
    [InlineData("safe")]
    public void Live_playlists_break_no_rule(string profile)
    {
        for (var seed = 0; seed < 3; seed++)
        {
            var show = new Show(new Random(seed), LatencyProfile.Find(profile)!, $"{profile}, seed {seed}");
            var session = show.Source.Listen();
            show.Begin();
            show.Source.NotifyTo(session);
            Look(show, session);
            for (var step = 0; step < 16; step++)
            {
                show.Step(() =>
                {
                    show.Source.NotifyTo(session);
                    Look(show, session);
                });
                show.Source.NotifyTo(session);
                Look(show, session);
            }

            show.Source.End().NotifyTo(session);
            Look(show, session);
            show.Seen.Values.ShouldContain(playlist => playlist.IsEnded);
        }
    }

    [Theory]
    [InlineData("low", false)]
    [InlineData("low", true)]
    [InlineData("standard", false)]
    [InlineData("standard", true)]
    public async Task Playlists_with_a_DVR_window_break_no_rule(string profile, bool all)
    {
        var show = new Show(new Random(all ? 1 : 2), LatencyProfile.Find(profile)!, $"{profile}, {(all ? "event" : "an hour")}",
            all ? DvrWindow.All : TimeSpan.FromHours(1));
        await using var server = await OriginServer.StartAsync();
        var folder = $"/live/demo/{FakePackager.First}/";
        show.Begin();
        for (var step = 0; step < 16; step++)
        {
            if (step == 15)
            {
                show.Source.End();
            }

            server.Hear(show.Source);
            var now = new Dictionary<string, HlsPlaylist>();
            foreach (var name in show.Names)
            {
                now[$"{name}.m3u8"] = show.Check(name, await server.Client.GetStringAsync($"{folder}{name}.m3u8"));
                show.CheckDelta(now[$"{name}.m3u8"], await server.Client.GetStringAsync($"{folder}{name}.m3u8?_HLS_skip=YES"));
            }

            show.Keeps(HlsChangeRules.Moments.Broken(new HlsMoment(now)), "together", "");
            show.Step(() => { });
        }

        show.Seen["source"].Find("EXT-X-PLAYLIST-TYPE")?.Value.ShouldBe(all ? "EVENT" : null);
        show.Seen["source"].IsEnded.ShouldBeTrue();
        foreach (var query in new[] { "?start=2026-03-01T12:00:07Z&end=2026-03-01T12:00:40Z", "?start=2026-03-01T12:00:20Z" })
        {
            server.Time.AdvanceTo(FakePackager.Start.AddSeconds(200));
            var text = await server.Client.GetStringAsync($"{folder}source.m3u8{query}");
            show.Keeps(HlsRules.Media.Broken(new HlsPlaylist(text)), query, text);
            var multivariant = await server.Client.GetStringAsync("/live/demo/index.m3u8" + query);
            show.Keeps(HlsRules.Multivariant.Broken(new HlsPlaylist(multivariant)), query, multivariant);
        }
    }

    [Fact]
    public void Independence_is_not_claimed_once_the_open_segment_has_a_dependent_start_4_4_2_1()
    {
        var story = new FakePackager(latency: LatencyProfile.Low).Video().Parts("source", 6).Close("source");
        var session = story.Listen();
        session.Manifests.MediaPlaylist("source").Text().ShouldContain("INDEPENDENT-SEGMENTS");

        story.Part("source");
        story.Unsent[^1] = story.Events[^1] = (TimelineEvent.PartReady)story.Events[^1] with { Independent = false };
        story.NotifyTo(session);
        session.Manifests.MediaPlaylist("source").Text().ShouldNotContain("INDEPENDENT-SEGMENTS");
    }

    [Fact]
    public void Multivariant_playlists_of_every_kind_of_broadcast_break_no_rule()
    {
        RenditionFormat Audio(string codecs, string? language) => new(TrackKind.Audio, codecs, 48_000, 0, 0, 0, 48_000, 2, language);
        RenditionFormat Frame(string codecs, int width) => new(TrackKind.Video, codecs, 90_000, width, width * 9 / 16, 30, 0, 0, null);
        Dictionary<string, FakePackager> shows = new()
        {
            ["video"] = new FakePackager { KeyLength = 900 }.Video(),
            ["audio"] = new FakePackager().Audio(),
            ["radio in two languages"] = new FakePackager().Audio(language: "en").Audio("audio-2", "de"),
            ["languages, one of them twice"] = new FakePackager().Video().Audio(language: "en").Audio("audio-2", "de")
                .Audio("audio-3", "de"),
            ["a ladder of two codecs"] = new FakePackager { KeyLength = 900 }.Video().Add("360p", Frame("avc1.64001e", 640))
                .Add("hevc", Frame("hvc1.1.6.L120.90", 1920)).Audio(),
            ["captions and colors"] = new FakePackager().Video()
                .Change("source", format => format with { Captions = "CC1 SERVICE63", Color = new ColorDescription(9, 16, 9, false) })
                .Video("360p", 640, 360).Audio(),
            ["names"] = new FakePackager().Video().Audio(language: "en")
                .Change("audio", format => format with { Name = "a \"name\",\nwith all" }),
            ["audio of two codecs in no language"] = new FakePackager().Video().Add("audio", Audio("mp4a.40.2", null))
                .Add("audio-2", Audio("ac-3", null) with { Name = "Dolby" }),
            ["audio of two codecs in one language"] = new FakePackager().Video().Add("audio", Audio("mp4a.40.2", "en"))
                .Add("audio-2", Audio("ac-3", "en")),
        };
        foreach (var (name, show) in shows)
        {
            var text = show.Segments(2, bytes: 1000).Sheet(0).Listen().Manifests.MultivariantPlaylist().Text();
            HlsRules.Multivariant.Broken(new HlsPlaylist(text)).ShouldBeEmpty($"{name}:\n{text}");
        }
    }

    private static void Look(Show show, LiveSession session)
    {
        var now = new Dictionary<string, HlsPlaylist>();
        foreach (var name in show.Names)
        {
            if (session.Manifests.MediaPlaylist(name) is not { } document)
            {
                show.Seen.ShouldNotContainKey(name);
                continue;
            }

            now[$"{name}.m3u8"] = show.Check(name, document.Text());
            show.CheckDelta(now[$"{name}.m3u8"], session.Manifests.MediaPlaylist(name, isDelta: true).Text());
            if (session.Manifests.IFramePlaylist(name) is { } keys)
            {
                var playlist = show.Check($"{name}/iframes", keys.Text());
                show.Keeps(
                    HlsChangeRules.Moments.Broken(new HlsMoment(new Dictionary<string,
                        HlsPlaylist> { ["keys"] = playlist, ["media"] = now[$"{name}.m3u8"] })), "I-frames and media", keys.Text());
            }
        }

        show.Keeps(HlsChangeRules.Moments.Broken(new HlsMoment(now)), "together",
            string.Join('\n', now.Values.Select(playlist => playlist.Text)));
        if (session.Manifests.ImagePlaylist() is { } images)
        {
            show.Check("images", images.Text());
        }

        if (session.Manifests.MultivariantPlaylist() is { } multivariant)
        {
            show.Keeps(HlsRules.Multivariant.Broken(new HlsPlaylist(multivariant.Text())), "multivariant", multivariant.Text());
        }
    }

    /// <summary>A random broadcast, and the playlists that players have seen of it.</summary>
    private sealed class Show
    {
        private readonly Random _random;
        private readonly LatencyProfile _latency;
        private readonly string _title;
        private readonly bool _keepsPast;
        private readonly List<double> _lengths = [];
        private readonly HashSet<string> _deltas = [];
        private double _time;
        private double _sheet;
        private long _first = 1;
        private bool _discontinuity;

        public Show(Random random, LatencyProfile latency, string title, TimeSpan rewind = default)
        {
            (_random, _latency, _title, _keepsPast) = (random, latency, title, rewind != default);
            Source = new FakePackager(latency: latency, rewind: rewind) { KeyLength = 100 }.Video().Audio(language: "en");
            Names = ["source", "audio"];
            if (random.Next(2) == 0)
            {
                Source.Video("360p", 640, 360).Audio("audio-2", random.Next(2) == 0 ? "de" : null);
                Names = ["source", "audio", "360p", "audio-2"];
            }
        }

        public FakePackager Source { get; }

        public string[] Names { get; }

        public Dictionary<string, HlsPlaylist> Seen { get; } = [];

        /// <summary>Enough segments for the window to move.</summary>
        public void Begin()
        {
            while (_time < _latency.Window.TotalSeconds + (2 * _latency.TargetDuration.TotalSeconds))
            {
                Segment(_latency.SegmentMinimum.TotalSeconds, () => { });
            }
        }

        public void Step(Action told)
        {
            switch (_random.Next(10))
            {
                case 0 when !_discontinuity:
                    Source.Discontinuity();
                    _discontinuity = true;
                    if (_random.Next(2) == 0)
                    {
                        Source.Change("source", format => format with { Width = format.Width - 2 });
                    }

                    break;
                case 1:
                    var hole = _latency.SegmentMinimum.TotalSeconds;
                    var holed = Names[_random.Next(Names.Length)];
                    foreach (var name in Names)
                    {
                        _ = name == holed ? Source.Gap(name, hole) : Fill(name, hole, true).Close(name);
                    }

                    Took(hole);
                    break;
                case 2:
                    Source.Silence(1.7);
                    _time += 1.7;
                    break;
                case 3:
                    Shorten();
                    break;
                case 4 when _random.Next(4) == 0:
                    Segment(_latency.SegmentMinimum.TotalSeconds, told, independent: false);
                    break;
                default:
                    Segment(_latency.SegmentMinimum.TotalSeconds
                        + (_random.NextDouble() * (_latency.TargetDuration - _latency.SegmentMinimum).TotalSeconds), told);
                    break;
            }

            for (; !_keepsPast && _sheet + 10 <= _time; _sheet += 10)
            {
                Source.Sheet(_sheet, 50);
            }
        }

        /// <summary>Adds a segment to all renditions; some are checked while open.</summary>
        private void Segment(double seconds, Action told, bool independent = true)
        {
            foreach (var name in Names)
            {
                Fill(name, seconds, independent || name != "source");
                told();
            }

            foreach (var name in Names)
            {
                Source.Close(name);
            }

            Took(seconds);
        }

        private FakePackager Fill(string name, double seconds, bool independent)
        {
            if (!_latency.OffersParts)
            {
                return Source.Open(name, seconds, 200, independent);
            }

            if (!independent)
            {
                // As in the packager: a part is independent only if marked as such.
                Source.Part(name, 1 / 3.0);
                Source.Unsent[^1] = Source.Events[^1] = (TimelineEvent.PartReady)Source.Events[^1] with { Independent = false };
                seconds -= 1 / 3.0;
            }

            while (seconds > 1 / 3.0)
            {
                Source.Part(name, 1 / 3.0);
                seconds -= 1 / 3.0;
            }

            return seconds > 0.01 ? Source.Part(name, seconds) : Source;
        }

        private void Took(double seconds)
        {
            _lengths.Add(seconds);
            (_time, _discontinuity) = (_time + seconds, false);
        }

        /// <summary>Removes segments older than the window, as the packager does: only while a full window remains.</summary>
        private void Shorten()
        {
            var first = _first;
            while (_lengths.Skip((int)first).Sum() >= _latency.Window.TotalSeconds)
            {
                first++;
            }

            if (first == _first)
            {
                return;
            }

            _first = first;
            if (_keepsPast)
            {
                Source.IndexBlock(first);
            }
            else
            {
                Source.Window(first);
            }
        }

        public HlsPlaylist Check(string name, string text)
        {
            if (Seen.TryGetValue(name, out var before) && before.Text == text)
            {
                return before;
            }

            var playlist = new HlsPlaylist(text);
            Keeps(HlsRules.Media.Broken(playlist), name, text);
            if (before is not null)
            {
                Keeps(HlsChangeRules.Changes.Broken(new HlsChange(before, playlist)), name, $"{before.Text}\nthen\n{text}");
            }

            return Seen[name] = playlist;
        }

        public void CheckDelta(HlsPlaylist whole, string delta)
        {
            if (!_deltas.Add(delta))
            {
                return;
            }

            Keeps(HlsRules.Media.Broken(new HlsPlaylist(delta)), "delta", delta);
            Keeps(HlsChangeRules.Deltas.Broken(new HlsDelta(whole, new HlsPlaylist(delta))), "delta", $"{whole.Text}\nand\n{delta}");
        }

        public void Keeps(IReadOnlyList<string> broken, string what, string text) => broken.ShouldBeEmpty($"{_title}, {what}:\n{text}");
    }
}
