using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Rungs of HDR sources, from a real ffmpeg.</summary>
public sealed class ToneMappingTests : IDisposable
{
    private readonly EncodingHarness _bench = new();

    [Theory]
    [InlineData("smpte2084", "bt2020nc", true, 16)]
    [InlineData("smpte2084", "bt2020nc", false, 16)]
    [InlineData("arib-std-b67", "bt2020nc", true, 18)]
    public async Task Rungs_of_an_HDR_source_are_SDR_and_signalled_as_such(string transfer, string matrix, bool isSaidInTheStream,
        byte number)
    {
        var source = await MakeAsync("white", transfer, matrix, isSaidInTheStream, number);
        source[0].Track.Color!.Transfer.ShouldBe(number);

        await _bench.EncodeAsync("ffmpeg", "640x360p30@900k,180p@300k", "standard", source, atLeast: 10);

        var rungs = _bench.Read();
        rungs.Keys.ShouldBe(["180p"], ignoreOrder: true);
        foreach (var (name, rung) in rungs)
        {
            rung.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks), name);
            var sequence = ((CodecConfig.Avc)rung[0].Track.Config).Sequence;
            sequence.Color.ShouldBe(new ColorDescription(1, 1, 1, FullRange: false), name);
            (sequence.BitDepth, sequence.ChromaFormat).ShouldBe((8, 1), name);
        }
    }

    [Theory]
    [InlineData("white", 175, 215, 128, 128)]
    [InlineData("black", 14, 18, 128, 128)]
    [InlineData("red", 50, 90, 100, 216)]
    public async Task Tone_mapping_preserves_the_perceived_colors(string color, int least, int most, int blue, int red)
    {
        var source = await MakeAsync(color, "smpte2084", "bt2020nc", isSaidInTheStream: true, 16);
        await _bench.EncodeAsync("ffmpeg", "180p@600k", "low", source, atLeast: 10);

        var (y, u, v) = await MeanAsync(_bench.Read()["180p"]);

        y.ShouldBeInRange(least, most);
        ((double)u).ShouldBe(blue, 12);
        ((double)v).ShouldBe(red, 12);
    }

    [Fact]
    public async Task Ffmpeg_without_tone_mapping_is_detected_and_HDR_sources_get_no_rungs()
    {
        var program = await _bench.ProgramAsync(
            "case \"$*\" in *tonemap*) echo \"[AVFilterGraph @ 0x1] No such filter: 'zscale'\" >&2; exit 1;; esac\nexec ffmpeg \"$@\"");
        using var choice = await EncodingHarness.ProvedAsync(program);
        choice.CanToneMap.ShouldBeFalse();
        choice.Statuses.Single(s => s.Encoder == "libx264").Works.ShouldBeTrue();

        var source = await MakeAsync("white", "smpte2084", "bt2020nc", isSaidInTheStream: true, 16);
        await using (var encoder = _bench.Encoder(program, "auto", "low", choice))
        {
            foreach (var sample in source)
            {
                encoder.Push(sample);
            }
        }

        _bench.Read().ShouldBeEmpty();
        RungEncoder.Expected("auto", [source[0].Track], choice.CanToneMap).ShouldBeEmpty();
        RungEncoder.Expected("auto", [source[0].Track], canToneMap: true).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Ffmpeg_of_this_machine_supports_tone_mapping()
    {
        using var choice = await EncodingHarness.ProvedAsync("ffmpeg");
        choice.CanToneMap.ShouldBeTrue();
    }

    public void Dispose() => _bench.Dispose();

    /// <summary>Encodes frames of one BT.709 color as HDR HEVC, with white at 100 cd/m².</summary>
    private async Task<IReadOnlyList<MediaSample>> MakeAsync(string color, string transfer, string matrix, bool isSaidInTheStream,
        byte number)
    {
        var file = Path.Combine(_bench.Folder, "source.mp4");
        var said = isSaidInTheStream ? $":colorprim=bt2020:transfer={transfer}:colormatrix={matrix}" : "";
        (await ChildProcess.RunAsync("ffmpeg",
        [
            "-nostdin", "-v", "error", "-f", "lavfi", "-i", $"color={color}:s=640x360:r=30:d=1",
            "-vf",
            $"format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt2020:t={transfer}:m={matrix}:r=tv:npl=100,format=yuv420p10le"
            + (isSaidInTheStream ? "" : ",setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown"),
            "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", $"log-level=none:bframes=0:scenecut=0:keyint=15{said}",
            "-tag:v", "hvc1",
            "-movflags", "delay_moov+frag_every_frame+default_base_moof", "-f", "mp4", file,
        ])).EnsureSuccess();
        var coded = CodedTrack.Demux(await File.ReadAllBytesAsync(file), 1, language: null);
        var track = coded.Track with
        {
            Timescale = MediaTime.VideoTimescale, ColorInfo = isSaidInTheStream ? null
                : new ColorInfo(new ColorDescription(9, number, 9, FullRange: false), null, null),
        };
        return [.. coded.Samples.Select(s =>
        {
            var time = new MediaTime(s.Decode + s.Said.CompositionOffset, coded.Track.Timescale).Rescale(MediaTime.VideoTimescale);
            return new MediaSample(track, time, time, s.Said.IsSync, s.Payload, DateTimeOffset.UnixEpoch + time.ToTimeSpan());
        })];
    }

    /// <summary>Returns the mean luma and chroma of the last frame.</summary>
    private async Task<(int Y, int U, int V)> MeanAsync(IReadOnlyList<MediaSample> rung)
    {
        var file = Path.Combine(_bench.Folder, "rung.h264");
        await AnnexB.WriteAsync(file, rung);
        var raw = Path.Combine(_bench.Folder, "rung.yuv");
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-i", file, "-vf", "scale=2:2:flags=area,format=yuv420p", "-f", "rawvideo", raw])).EnsureSuccess();
        var bytes = await File.ReadAllBytesAsync(raw);
        return (bytes[^6], bytes[^2], bytes[^1]);
    }
}
