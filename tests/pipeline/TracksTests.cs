using System.Globalization;
using System.Xml.Linq;

namespace Broadcast.Pipeline.Tests;

/// <summary>Further codecs and numbers of tracks besides one H.264 and one AAC, from the publication to the viewers.</summary>
public sealed class TracksTests : PipelineTest
{
    [Theory]
    [InlineData("hvc1", "ac-3", "hvc1.1.6.L60.90", "ac-3")]
    [InlineData("av01", "Opus", "av01.0.00M.08", "opus")]
    [InlineData("vp09", "fLaC", "vp09.00.11.08", "fLaC")]
    [InlineData("hvc1 open", "ec-3", "hvc1.2.4.L60.90", "ec-3")]
    [InlineData("av01 svt", "Opus 60", "av01.0.00M.08", "opus")]
    public async Task Every_codec_passes_through_all_stages_and_plays_in_HLS_and_DASH(string video, string audio, string videoCodec,
        string audioCodec)
    {
        var session = PipelineHarness.Session(_time);
        var frames = await CodedTrack.MakeAsync(video, 6.4);
        var audioFrames = await CodedTrack.MakeAsync(audio, 6.4, id: 2);
        await _line.PublishAsync(session, frames, audioFrames);
        await _line.EndAsync(session);

        var (source, audioTrack) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        source.Payloads.ShouldBe(frames.Samples.Select(s => s.Payload.ToArray()));
        audioTrack.Payloads.ShouldBe(audioFrames.Samples.Select(s => s.Payload.ToArray()));
        source.Playlist.Independent.ShouldBeTrue();
        source.Playlist.Entries.Select(e => e.Number).ShouldBe([1, 2, 3, 4]);
        audioTrack.Playlist.Entries.Select(e => e.Number).ShouldBe([1, 2, 3, 4]);
        (audioTrack.Segments[^1].Ended - audioTrack.Segments[0].Began).ShouldBe(audioFrames.Samples[^1].Decode + Length(audioFrames),
            "the last frame has the duration of its own bytes");
        var mpd = await _line.MpdAsync(session);
        mpd.ShouldList(source, "source", (double)frames.Samples[0].Said.CompositionOffset / frames.Track.Timescale);
        mpd.ShouldList(audioTrack, "audio");

        var playlist = await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8");
        playlist.ShouldContain($"CODECS=\"{videoCodec},{audioCodec}\",RESOLUTION=320x180");
        await PlaysAsync(session, "index.m3u8", (frames.Samples.Count, audioFrames.Samples.Count));
        await PlaysAsync(session, "manifest.mpd", (frames.Samples.Count, audioFrames.Samples.Count));
    }

    [Fact]
    public async Task Encoders_ladder_in_two_languages_becomes_renditions_with_aligned_segments()
    {
        var session = PipelineHarness.Session(_time);
        CodedTrack[] tracks =
        [
            await CodedTrack.MakeAsync("avc1", 8.4, id: 1, height: 360),
            await CodedTrack.MakeAsync("avc1", 8.4, id: 3, height: 180),
            await CodedTrack.MakeAsync("mp4a", 8.4, id: 2, language: "en"),
            await CodedTrack.MakeAsync("mp4a", 8.4, id: 4, tone: 660, language: "de"),
        ];
        await _line.PublishAsync(session, tracks);
        await _line.EndAsync(session);

        var names = new[] { "source", "180p", "audio", "audio-2" };
        foreach (var (name, track) in names.Zip(tracks))
        {
            var watched = await _line.WatchAsync(session, name);
            watched.Payloads.ShouldBe(track.Samples.Select(s => s.Payload.ToArray()), name);
            watched.Playlist.Entries.Select(e => e.Number).ShouldBe([1, 2, 3, 4, 5], name);
            watched.Playlist.Independent.ShouldBeTrue(name);
            watched.Segments.Select(s => (double)(s.Began - watched.Segments[0].Began) / s.Timescale).Zip([0.0, 2, 4, 6, 8])
                .ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) < 0.03, name);
        }

        var playlist = (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).Split('\n');
        playlist.Where(line => line.StartsWith("#EXT-X-MEDIA", StringComparison.Ordinal)).ShouldBe(
        [
            $"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{session.Id}/audio.m3u8\"",
            $"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"de\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{session.Id}/audio-2.m3u8\"",
        ]);
        playlist.Count(line => line.StartsWith("#EXT-X-STREAM-INF", StringComparison.Ordinal)).ShouldBe(2);
        playlist.ShouldContain(line => line.Contains("RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO=\"audio\"", StringComparison.Ordinal));
        playlist.ShouldContain(line => line.Contains("RESOLUTION=320x180,FRAME-RATE=25.000,AUDIO=\"audio\"", StringComparison.Ordinal));

        var mpd = XDocument.Parse(await _line.Client.GetStringAsync($"/live/{session.Channel}/{session.Id}/manifest.mpd"));
        var ns = mpd.Root!.Name.Namespace;
        mpd.Descendants(ns + "AdaptationSet").Select(set => (
            (string)set.Attribute("contentType")!,
            (string?)set.Attribute("lang"),
            (string)set.Element(ns + "Role")!.Attribute("value")!,
            string.Join(' ', set.Elements(ns + "Representation").Select(r => (string)r.Attribute("id")!)))).ShouldBe(
        [
            ("video", null, "main", "source 180p"), ("audio", "en", "main", "audio"), ("audio", "de", "alternate", "audio-2"),
        ]);
        var probed = await FfmpegTool.ProbeAsync($"{_line.Client.BaseAddress}live/{session.Channel}/index.m3u8");
        probed.GetProperty("streams").EnumerateArray().Count(s => s.GetProperty("codec_type").GetString() == "video").ShouldBe(2);
        probed.GetProperty("streams").EnumerateArray().Count(s => s.GetProperty("codec_type").GetString() == "audio")
            .ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task Encoder_that_reconnects_with_another_codec_continues_the_session()
    {
        var session = PipelineHarness.Session(_time);
        await _line.PublishAsync(session, await CodedTrack.MakeAsync("avc1", 4), await CodedTrack.MakeAsync("mp4a", 4, id: 2));
        await _line.PublishAsync(session, await CodedTrack.MakeAsync("av01", 4), await CodedTrack.MakeAsync("Opus", 4, id: 2));
        await _line.EndAsync(session);

        foreach (var rendition in new[] { "source", "audio" })
        {
            var watched = await _line.WatchAsync(session, rendition);
            watched.Playlist.Entries.Select(e => (e.Number, e.Map, e.Discontinuity)).Distinct().ShouldBe(
            [
                (1, $"{rendition}/init-1.mp4", false), (2, $"{rendition}/init-1.mp4", false), (3, $"{rendition}/init-2.mp4", true),
                (4, $"{rendition}/init-2.mp4", false),
            ]);
        }

        (await _line.MpdAsync(session)).Periods.Count.ShouldBe(2);
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).ShouldContain("CODECS=\"av01.0.00M.08,opus\"");
    }

    private static long Length(CodedTrack audioFrames) =>
        audioFrames.Track.Config.TryInspect(audioFrames.Samples[^1].Payload.Span, out var frame)
        ? (long)frame.Samples * audioFrames.Track.Timescale / audioFrames.Track.Config.AudioFormat!.SampleRate : 0;

    /// <summary>
    /// Checks that ffmpeg reads a manifest and its media to the end, finds as many packets as were sent, and decodes them without errors.
    /// </summary>
    private async Task PlaysAsync(BroadcastSession session, string manifest, (int Video, int Audio) packets)
    {
        var address = $"{_line.Client.BaseAddress}live/{session.Channel}/{manifest}";
        var streams = (await FfmpegTool.ProbeAsync(address, null, "-count_packets")).GetProperty("streams").EnumerateArray()
            .ToDictionary(s => s.GetProperty("codec_type").GetString()!,
                s => int.Parse(s.GetProperty("nb_read_packets").GetString()!, CultureInfo.InvariantCulture), StringComparer.Ordinal);
        streams["video"].ShouldBe(packets.Video, manifest);

        // ffmpeg's DASH reader stops at the end of the shortest stream.
        streams["audio"].ShouldBeInRange(manifest == "manifest.mpd" ? packets.Audio - 3 : packets.Audio, packets.Audio, manifest);
        (await FfmpegTool.DecodeAsync(address, 60)).ShouldBeEmpty(manifest);
    }
}
