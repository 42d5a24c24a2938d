using Broadcast.Transcoder.Slate;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Slate;

public class SlateCommandTests
{
    private static readonly SlateFormat Format = SlateFormat.For(1280, 720, 1, 1, 3000);

    [Fact]
    public void Last_frame_is_decoded_and_held_and_the_slate_follows_in_source_resolution() =>
        Filters(new SlateCommand("/t/group", 162_090_000, "/t/slate", IsVideo: false, Format, Hold: 30)).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000),trim=end_frame=1,scale=1280:720:out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1/1,tpad=stop_mode=clone:stop=29,"
            + "settb=1/90000,setpts=N*3000,fps=90000/3000[hold];"
            + "[1:v:0]trim=end_frame=1,scale=1280:720:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv,format=yuv420p,pad=1280:720:-1:-1:color=0x0b0d12,scale=1280:720,setsar=1/1,"
            + "tpad=stop_mode=clone:stop=89,settb=1/90000,setpts=N*3000,fps=90000/3000[slate];[hold][slate]concat=n=2:v=1:a=0,fps=90000/3000[out]");

    [Fact]
    public void Slate_repeats_in_two_second_GOPs_from_the_held_frame_with_own_parameter_sets()
    {
        var arguments = string.Join(' ', new SlateCommand("/t/group", 0, "/t/slate", IsVideo: false, Format, Hold: 30).Arguments());
        arguments.ShouldContain("-g 60 -sc_threshold 0 -force_key_frames 2 -forced-idr 1 -flags +cgop -x264-params sps-id=23");
        arguments.ShouldEndWith("pipe:1");
    }

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(30, false, 60)]
    [InlineData(60, false, 60)]
    [InlineData(61, false, 120)]
    [InlineData(30, true, 30)]
    public void Held_frame_counts_toward_still_slate_GOPs_and_a_clip_starts_after_it(int hold, bool isClip, int again) =>
        new SlateCommand("/t/group", 0, "/t/slate", isClip, Format, hold).LoopStart.ShouldBe(again);

    [Fact]
    public void Slate_command_reads_only_files_and_without_source_frames_only_the_slate()
    {
        var arguments = new SlateCommand(null, 0, "/t/slate", IsVideo: true, Format, Hold: 0).Arguments();
        arguments.Where((_, i) => i > 0 && arguments[i - 1] == "-protocol_whitelist").ShouldAllBe(a => a == "file,pipe");
        arguments.Where((_, i) => i > 0 && arguments[i - 1] == "-i").ShouldBe(["/t/slate"]);
        arguments.Where((_, i) => i > 0 && arguments[i - 1] == "-t").ShouldBe(["30"]);
    }

    [Theory]
    [InlineData(1920, 1080, 3600, 1920, 1080, 3600)]
    [InlineData(1919, 1079, 0, 1918, 1078, 3000)]
    [InlineData(640, 360, 100, 640, 360, 1500)]
    [InlineData(640, 360, 900_000, 640, 360, 9000)]
    public void Slate_has_the_resolution_and_frame_rate_of_the_source_within_limits(int width, int height, long step, int expectedWidth,
        int expectedHeight, int expectedStep)
    {
        var format = SlateFormat.For(width, height, 0, 0, step);
        (format.Width, format.Height, format.FrameInterval).ShouldBe((expectedWidth, expectedHeight, expectedStep));
        (format.SampleAspectWidth, format.SampleAspectHeight).ShouldBe((1, 1));
    }

    private static string Filters(SlateCommand command)
    {
        var arguments = command.Arguments().ToList();
        return arguments[arguments.IndexOf("-filter_complex") + 1];
    }
}
