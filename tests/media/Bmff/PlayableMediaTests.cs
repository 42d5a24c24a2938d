using System.Text.Json;
using Broadcast.Media.Bmff;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Written media, checked with ffprobe and ffmpeg.</summary>
public sealed class PlayableMediaTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"broadcast-media-{Guid.NewGuid():N}.mp4");

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("2", 10)] // B-frames: composition offsets
    [InlineData("0", 7)]
    [InlineData("2", 1)] // one sample a chunk: every default is in tfhd
    public async Task Video_decodes_with_exactly_the_written_times(string bFrames, int chunkSize)
    {
        var media = await EncodedMedia.GenerateAsync(
            "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", "-c:v", "libx264", "-preset", "ultrafast", "-x264-params",
            $"bframes={bFrames}:keyint=24:scenecut=0",
            "-pix_fmt", "yuv420p");
        var samples = media.Of(TrackKind.Video);
        samples.Count.ShouldBe(60);
        Write(media.Video!, samples, chunkSize, baseTime: 90_000L * 86_400 * 40, lastDuration: 3000);

        var probed = await ProbeAsync();

        probed.Stream.GetProperty("codec_name").GetString().ShouldBe("h264");
        probed.Stream.GetProperty("width").GetInt32().ShouldBe(320);
        probed.Stream.GetProperty("height").GetInt32().ShouldBe(180);
        probed.Stream.GetProperty("time_base").GetString().ShouldBe("1/90000");
        probed.Stream.GetProperty("nb_read_frames").GetString().ShouldBe("60");
        probed.Packets.ShouldBe(Expected(samples, 90_000L * 86_400 * 40));
        await DecodesWithoutComplaintAsync();
    }

    [Fact]
    public async Task Audio_decodes_with_exactly_the_written_times()
    {
        var media = await EncodedMedia.GenerateAsync("-f", "lavfi", "-i", "sine=r=44100:d=2", "-c:a", "aac", "-ac", "2");
        var samples = media.Of(TrackKind.Audio);
        samples.Count.ShouldBeGreaterThan(80);
        Write(media.Audio!, samples, chunkSize: 15, baseTime: 5_000_000_000, lastDuration: 1024);

        var probed = await ProbeAsync();

        probed.Stream.GetProperty("codec_name").GetString().ShouldBe("aac");
        probed.Stream.GetProperty("profile").GetString().ShouldBe("LC");
        probed.Stream.GetProperty("sample_rate").GetString().ShouldBe("44100");
        probed.Stream.GetProperty("channels").GetInt32().ShouldBe(2);
        probed.Stream.GetProperty("tags").GetProperty("language").GetString().ShouldBe("deu");
        probed.Packets.ShouldBe(Expected(samples, 5_000_000_000));
        await DecodesWithoutComplaintAsync();
    }

    [Fact]
    public async Task Sample_aspect_ratio_and_colors_reach_the_player()
    {
        var media = await EncodedMedia.GenerateAsync(
            "-f", "lavfi", "-i", "testsrc2=s=180x144:r=25:d=0.4,setsar=16/15", "-c:v", "libx264", "-preset", "ultrafast",
            "-pix_fmt", "yuv420p",
            "-color_primaries", "bt470bg", "-color_trc", "gamma28", "-colorspace", "bt470bg", "-color_range", "pc");
        Write(media.Video!, media.Of(TrackKind.Video), chunkSize: 5, baseTime: 0, lastDuration: 3600);

        // The color and aspect parameters are also in the SPS; ffprobe shows those of the container if present.
        var stream = (await ProbeAsync()).Stream;

        stream.GetProperty("sample_aspect_ratio").GetString().ShouldBe("16:15");
        stream.GetProperty("color_primaries").GetString().ShouldBe("bt470bg");
        stream.GetProperty("color_transfer").GetString().ShouldBe("bt470bg");
        stream.GetProperty("color_space").GetString().ShouldBe("bt470bg");
        stream.GetProperty("color_range").GetString().ShouldBe("pc");
        InitSegmentReader.Read(await File.ReadAllBytesAsync(_file)).Width.ShouldBe(192);
    }

    private void Write(Track track, IReadOnlyList<MediaSample> samples, int chunkSize, long baseTime, uint lastDuration)
    {
        using var file = File.Create(_file);
        file.Write(InitSegmentWriter.Write(track));
        var writer = new FragmentWriter();
        var index = 0;
        uint sequence = 1;
        foreach (var chunk in samples.Chunk(chunkSize))
        {
            var described = chunk.Select((sample, i) => new FragmentSample(
                index + i + 1 < samples.Count ? (uint)(samples[index + i + 1].Decode.Ticks - sample.Decode.Ticks) : lastDuration,
                sample.Payload.Length,
                sample.IsSync,
                (int)(sample.Present.Ticks - sample.Decode.Ticks))).ToArray();
            var header = new FragmentHeader(
                sequence++,
                baseTime + chunk[0].Decode.Ticks,
                chunk[0].IsSync ? SegmentTypeBox.Segment : SegmentTypeBox.None,
                chunk[0].IsSync ? new ProducerReferenceTime(baseTime + chunk[0].Decode.Ticks, DateTimeOffset.UnixEpoch.AddYears(55))
                : null);
            file.Write(writer.Write(header, described));
            foreach (var sample in chunk)
            {
                file.Write(sample.Payload.Span);
            }

            index += chunk.Length;
        }
    }

    private static List<(long Pts, long Dts, int Size, bool Sync)> Expected(IReadOnlyList<MediaSample> samples, long baseTime) =>
        [.. samples.Select(sample => (baseTime + sample.Present.Ticks, baseTime + sample.Decode.Ticks, sample.Payload.Length,
            sample.IsSync))];

    private async Task<(JsonElement Stream, List<(long Pts, long Dts, int Size, bool Sync)> Packets)> ProbeAsync()
    {
        var json = await Tool.RunAsync("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_packets", "-of", "json", _file);
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement.Clone();
        return (root.GetProperty("streams")[0], [.. root.GetProperty("packets").EnumerateArray().Select(packet => (
            packet.GetProperty("pts").GetInt64(),
            packet.GetProperty("dts").GetInt64(),
            int.Parse(packet.GetProperty("size").GetString()!),
            packet.GetProperty("flags").GetString()!.StartsWith('K')))]);
    }

    private Task DecodesWithoutComplaintAsync() =>
        Tool.RunAsync("ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", _file, "-f", "null", "-");
}
