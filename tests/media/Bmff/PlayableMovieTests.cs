using System.Text.Json;
using Broadcast.Media.Bmff;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Movies laid out from segments, compared in ffprobe and ffmpeg with their segments.</summary>
public sealed class PlayableMovieTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TempFolder _folder = TempFolder.Create();

    private string Movie => _folder.Sub("movie.mp4");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Video_and_audio_decode_like_their_segments_and_any_time_is_seekable()
    {
        var media = await EncodedMedia.GenerateAsync(
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=4", "-f", "lavfi", "-i", "sine=r=44100:d=4", "-c:v", "libx264", "-preset",
            "ultrafast", "-x264-params", "bframes=2:keyint=30:scenecut=0",
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2");
        var video = Segments(media.Of(TrackKind.Video), 90_000L * 86_400, 3000);
        var audio = Segments(media.Of(TrackKind.Audio), 44_100L * 86_400, 1024);
        await WriteAsync(2, source =>
        {
            var (frames, audioFrames) = (Setup(media.Video!), Setup(media.Audio!));
            for (var i = 0; i < Math.Max(video.Count, audio.Count); i++)
            {
                _ = i < video.Count ? source.Add(0, frames, video[i], () => 7) : source;
                _ = i < audio.Count ? source.Add(1, audioFrames, audio[i], () => 10) : source;
            }
        });
        Concatenate("video.mp4", media.Video!, video);
        Concatenate("audio.mp4", media.Audio!, audio);

        var probed = await ProbeAsync();
        var streams = probed.GetProperty("streams");
        streams[0].GetProperty("nb_frames").GetString().ShouldBe("120");
        streams[0].GetProperty("nb_read_frames").GetString().ShouldBe("120");
        streams[0].GetProperty("has_b_frames").GetInt32().ShouldBe(2);
        streams[1].GetProperty("tags").GetProperty("language").GetString().ShouldBe("deu");
        Seconds(probed.GetProperty("format"), "start_time").ShouldBe(0, 0.001);
        Seconds(probed.GetProperty("format"), "duration").ShouldBe(4, 0.1);

        var frames = await HashesAsync(Movie, "v");
        frames.ShouldBe(await HashesAsync(_folder.Sub("video.mp4"), "v"));
        frames.Count.ShouldBe(120);
        (await HashesAsync(Movie, "a")).ShouldBe(await HashesAsync(_folder.Sub("audio.mp4"), "a"));
        await Tool.RunAsync("ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", Movie, "-f", "null", "-");

        // The presentation begins with audio: video starts 0 to 2 frames later.
        var start = Seconds(streams[0], "start_time");
        foreach (var frame in (int[])[40, 75, 119])
        {
            var time = (start + ((frame - 0.5) / 30)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            (await HashesAsync(Movie, "v", ["-ss", time], ["-frames:v", "1"])).ShouldBe([frames[frame]], $"at {time}");
        }
    }

    [Fact]
    public async Task Gap_keeps_its_length_and_video_of_another_size_after_it_decodes()
    {
        async Task<EncodedMedia> MakeAsync(string size) => await EncodedMedia.GenerateAsync(
            "-f", "lavfi", "-i", $"testsrc2=s={size}:r=25:d=1", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g",
            "25", "-pix_fmt", "yuv420p");
        var (before, after) = (await MakeAsync("320x180"), await MakeAsync("640x360"));
        await WriteAsync(1, source =>
        {
            source.Add(0, Setup(before.Video!), Segments(before.Of(TrackKind.Video), 0, 3600)[0], () => 5);
            source.Add(0, Setup(after.Video!), Segments(after.Of(TrackKind.Video), 6 * 90_000, 3600)[0], () => 5);
        });

        var probed = await ProbeAsync();
        Seconds(probed.GetProperty("format"), "duration").ShouldBe(7, 0.001);
        var packets = probed.GetProperty("packets").EnumerateArray().ToList();
        packets.Count.ShouldBe(50);
        packets[25].GetProperty("pts").GetInt64().ShouldBe(6 * 90_000);
        var stream = probed.GetProperty("streams")[0];
        (stream.GetProperty("width").GetInt32(), stream.GetProperty("nb_read_frames").GetString()).ShouldBe((320, "50"));
        await Tool.RunAsync("ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", Movie, "-f", "null", "-");
    }

    [Theory]
    [InlineData("hvc1 open")]
    [InlineData("av01 svt")]
    [InlineData("vp09")]
    [InlineData("Opus")]
    [InlineData("fLaC")]
    [InlineData("ec-3")]
    public async Task Every_codec_has_the_sample_entry_of_its_init_segment(string recipe)
    {
        var media = await CodedTrack.MakeAsync(recipe, seconds: 0.8, keyframeSeconds: 0.4);
        var samples = media.Samples.Select(sample => new SourceSample(sample.Decode, sample.Said, sample.Payload.ToArray())).ToList();
        await WriteAsync(1, source => source.Add(0, Setup(media.Track), samples, () => 3));

        var probed = await ProbeAsync();
        var stream = probed.GetProperty("streams")[0];
        stream.GetProperty("codec_tag_string").GetString().ShouldBe(recipe.Split(' ')[0]);
        stream.GetProperty("nb_frames").GetString().ShouldBe($"{samples.Count}");
        var packets = probed.GetProperty("packets").EnumerateArray().ToList();
        packets.Select(packet => int.Parse(packet.GetProperty("size").GetString()!))
            .ShouldBe(samples.Select(sample => sample.Payload.Length));
        packets.Select(packet => packet.GetProperty("flags").GetString()!.StartsWith('K'))
            .ShouldBe(samples.Select(sample => sample.Said.IsSync));
        await Tool.RunAsync("ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", Movie, "-f", "null", "-");
    }

    private static MovieTrackSetup Setup(Track track) => MovieTrackSetup.Read(InitSegmentWriter.Write(track));

    /// <summary>Segments with one sync sample each; audio segments of one second.</summary>
    private static List<List<SourceSample>> Segments(IReadOnlyList<MediaSample> samples, long baseTime, uint lastDuration)
    {
        var segments = new List<List<SourceSample>>();
        for (var i = 0; i < samples.Count; i++)
        {
            var sample = samples[i];
            if (segments.Count == 0 || (sample.IsSync && (sample.Track.Kind == TrackKind.Video || segments[^1].Count == 43)))
            {
                segments.Add([]);
            }

            var duration = i + 1 < samples.Count ? (uint)(samples[i + 1].Decode.Ticks - sample.Decode.Ticks) : lastDuration;
            segments[^1].Add(new SourceSample(
                baseTime + sample.Decode.Ticks, new FragmentSample(duration, sample.Payload.Length, sample.IsSync,
                    (int)(sample.Present.Ticks - sample.Decode.Ticks)), sample.Payload.ToArray()));
        }

        return segments;
    }

    private async Task WriteAsync(int tracks, Action<MovieSource> add)
    {
        var source = new MovieSource(tracks);
        add(source);
        await File.WriteAllBytesAsync(Movie, source.Assemble(source.Builder.Build(Noon)));
    }

    /// <summary>The init segment and all samples, as a player of the segments receives them.</summary>
    private void Concatenate(string name, Track track, List<List<SourceSample>> segments)
    {
        using var file = File.Create(_folder.Sub(name));
        file.Write(InitSegmentWriter.Write(track));
        var writer = new FragmentWriter();
        for (var i = 0; i < segments.Count; i++)
        {
            file.Write(writer.Write(new FragmentHeader((uint)i + 1, segments[i][0].Decode, SegmentTypeBox.Segment),
                [.. segments[i].Select(sample => sample.Said)]));
            segments[i].ForEach(sample => file.Write(sample.Payload));
        }
    }

    private async Task<JsonElement> ProbeAsync()
    {
        using var document = JsonDocument.Parse(await Tool.RunAsync("ffprobe", "-v", "error", "-count_frames", "-show_streams",
            "-show_format", "-show_packets", "-of", "json", Movie));
        return document.RootElement.Clone();
    }

    /// <summary>Hashes of decoded frames in presentation order.</summary>
    private static async Task<List<string>> HashesAsync(string file, string kind, string[]? before = null, string[]? behind = null)
    {
        var text = System.Text.Encoding.ASCII.GetString(await Tool.RunAsync(
            "ffmpeg", ["-nostdin", "-v", "error", .. before ?? [], "-i", file, "-map", $"0:{kind}:0", .. behind ?? [], "-vsync",
                "passthrough", "-f", "framemd5", "-"]));
        return [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',')[^1].Trim())];
    }

    private static double Seconds(JsonElement element, string name) =>
        double.Parse(element.GetProperty(name).GetString()!, System.Globalization.CultureInfo.InvariantCulture);
}
