using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Steady;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Steady;

public class SteadyCommandTests
{
    private static readonly SteadyOptions Format = new() { Width = 1280, Height = 720, FrameRate = 30 };

    [Fact]
    public void Frames_lie_on_a_grid_from_the_start_on_and_keep_their_aspect_ratio() =>
        Filters(new("unix:/in", "unix:/out", Format, 162_003_000)).ShouldBe("[0:v:0]fps=fps=30:start_time=1800.033333:round=near,"
            + @"scale=w='2*trunc(min(1280\,720*dar)/2)':h='2*trunc(min(720\,1280/dar)/2)':flags=bicubic"
            + ":out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p,pad=1280:720:-1:-1:color=black[out]");

    [Fact]
    public void Interlaced_and_hdr_sources_are_converted()
    {
        Filters(new("unix:/in", "unix:/out", Format, 0) { MayBeInterlaced = true }).ShouldStartWith("[0:v:0]bwdif=");
        Filters(new("unix:/in", "unix:/out", Format, 0) { HdrColor = new ColorDescription(9, 16, 9, false) }).ShouldContain("tonemap");
    }

    [Fact]
    public void Keyframes_follow_every_two_seconds_at_a_constant_bit_rate()
    {
        string[] arguments = [.. new SteadyCommand("unix:/in", "unix:/out", Format, 0).Arguments()];
        string.Join(' ', arguments).ShouldContain("-b:v 3500000 -maxrate 3500000 -bufsize 3500000 -g 60 -sc_threshold 0");
        arguments.ShouldContain("libx264");
    }

    [Theory]
    [InlineData(1281, 720, 30, "odd")]
    [InlineData(100, 720, 30, "Steady:Width")]
    [InlineData(1280, 720, 29, "Steady:FrameRate")]
    public void Invalid_options_are_reported(int width, int height, int rate, string part) =>
        new SteadyOptionsValidator().Validate(null, new SteadyOptions { Width = width, Height = height, FrameRate = rate })
            .FailureMessage!.ShouldContain(part);

    private static string Filters(SteadyCommand command)
    {
        string[] arguments = [.. command.Arguments()];
        return arguments[Array.IndexOf(arguments, "-filter_complex") + 1];
    }
}
