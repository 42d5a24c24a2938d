using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Interlaced video, as sent by studio equipment, through a real ffmpeg.</summary>
public sealed partial class InterlacedTests : IDisposable
{
    /// <summary>Source at twice the frame rate, each frame of which becomes a field; everything moves sideways.</summary>
    private const string Fields = "testsrc2=s=320x240:r=60:d=3,scroll=horizontal=0.01,tinterlace=mode=interleave_top";

    private readonly EncodingHarness _bench = new();

    [Theory]
    [InlineData(Fields, "tff=1", "standard")]
    [InlineData(Fields, "tff=1", "low")]
    [InlineData("testsrc2=s=320x240:r=60:d=3,scroll=horizontal=0.01,tinterlace=mode=interleave_bottom", "bff=1", "standard")]
    [InlineData("testsrc2=s=320x240:r=30:d=3,scroll=horizontal=0.01", "fake-interlaced=1", "standard")]
    public async Task Rungs_of_an_interlaced_source_are_progressive_with_its_frame_count_and_times(string frame, string parameters,
        string latency)
    {
        var isInterlaced = frame.Contains("tinterlace", StringComparison.Ordinal);
        var source = await MakeAsync(frame, parameters);
        ((CodecConfig.Avc)source[0].Track.Config).Sequence.MayBeInterlaced.ShouldBeTrue();
        if (isInterlaced)
        {
            (await InterlacedAsync("source", source)).ShouldBeGreaterThan(source.Count - 8);
        }

        await _bench.EncodeAsync("ffmpeg", "320x240p15@2M,120p@500k", latency, source, atLeast: (source.Count * 3 / 2) - 40);

        var rungs = _bench.Read();
        rungs.Keys.ShouldBe(["320x240p15", "120p"], ignoreOrder: true);
        rungs["120p"].Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        rungs["320x240p15"].Select(s => s.Present.Ticks).ShouldBeSubsetOf(source.Select(s => s.Present.Ticks));
        rungs["320x240p15"].Count.ShouldBeInRange((source.Count / 2) - 1, (source.Count / 2) + 3);
        foreach (var (name, rung) in rungs)
        {
            rung.Where(s => s.IsSync).Select(s => s.Present.Ticks).ShouldBe(source.Where(s => s.IsSync).Select(s => s.Present.Ticks), name);
            ((CodecConfig.Avc)rung[0].Track.Config).Sequence.MayBeInterlaced.ShouldBeFalse();
            (isInterlaced ? await InterlacedAsync(name, rung) : 0).ShouldBe(0, name);
        }
    }

    [Fact]
    public async Task Replacement_worker_continues_with_the_first_missing_frame()
    {
        var source = await MakeAsync(Fields, "tff=1");
        var pids = Path.Combine(_bench.Folder, "pids");
        var program = await _bench.ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");
        await using (var encoder = _bench.Encoder(program, "120p@500k", "low"))
        {
            for (var i = 0; i < source.Count; i++)
            {
                encoder.Push(source[i]);
                await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
                if (i == 45)
                {
                    await Poll.UntilAsync(() => _bench.Count > 20, TimeSpan.FromSeconds(60));
                    (await ChildProcess.RunAsync("kill", ["-KILL", (await File.ReadAllLinesAsync(pids))[0]])).EnsureSuccess();
                }
            }
        }

        _bench.Read()["120p"].Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
    }

    public void Dispose() => _bench.Dispose();

    private static Task<IReadOnlyList<MediaSample>> MakeAsync(string frame, string parameters) => CodedFrames.CreateImageAsync(
        frame, "-preset", "ultrafast", "-sc_threshold", "0", "-bf", "0", "-g", "40",
        "-flags", parameters.StartsWith("fake", StringComparison.Ordinal) ? "+cgop" : "+ildct+ilme", "-x264-params", parameters);

    /// <summary>Counts the frames that look interlaced.</summary>
    private async Task<int> InterlacedAsync(string name, IReadOnlyList<MediaSample> frames)
    {
        var file = Path.Combine(_bench.Folder, name + ".h264");
        await AnnexB.WriteAsync(file, frames);
        var said = (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-hide_banner", "-i", file, "-vf", "idet", "-f", "null", "-"])).EnsureSuccess().Error;
        var found = Found().Match(said);
        found.Success.ShouldBeTrue(said);
        return int.Parse(found.Groups["top"].Value, CultureInfo.InvariantCulture)
            + int.Parse(found.Groups["bottom"].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"Multi frame detection: TFF:\s*(?<top>\d+)\s+BFF:\s*(?<bottom>\d+)")]
    private static partial Regex Found();
}
