using Broadcast.Media.TranscoderToControl;
using Broadcast.Transcoder.Slate;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Slate;

public class SlateCommandTests
{
    private static readonly SlateFormat Format = SlateFormat.For(1280, 720, 1, 1, 3000);

    [Fact]
    public void Last_frame_is_decoded_and_held_and_the_slate_follows_in_source_resolution() =>
        Filters(new SlateCommand(162_090_000, "/t/slate", SlateFileType.Png, Format, Hold: 30)).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000),trim=end_frame=1,scale=1280:720:out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1/1,tpad=stop_mode=clone:stop=29,"
            + "settb=1/90000,setpts=N*3000,fps=90000/3000[hold];"
            + "[1:v:0]trim=end_frame=1,scale=1280:720:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv,format=yuv420p,pad=1280:720:-1:-1:color=0x0b0d12,scale=1280:720,setsar=1/1,"
            + "tpad=stop_mode=clone:stop=89,settb=1/90000,setpts=N*3000,fps=90000/3000[slate];[hold][slate]concat=n=2:v=1:a=0,fps=90000/3000[out]");

    [Fact]
    public void Slate_repeats_in_two_second_GOPs_from_the_held_frame_with_own_parameter_sets()
    {
        var arguments = string.Join(' ', new SlateCommand(0, "/t/slate", SlateFileType.Png, Format, Hold: 30).Arguments());
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
        new SlateCommand(0, "/t/slate", isClip ? SlateFileType.Mp4 : SlateFileType.Jpeg, Format, hold).LoopStart.ShouldBe(again);

    [Theory]
    [InlineData(SlateFileType.Png, "-threads 2", "png_pipe", "png")]
    [InlineData(SlateFileType.Jpeg, "-threads 2", "jpeg_pipe", "mjpeg")]
    [InlineData(SlateFileType.Mp4, "-threads 2 -t 30 -an -sn -dn", "mov", "h264,hevc,vp9,libdav1d,libaom-av1,av1")]
    public void Demuxer_and_decoders_follow_from_the_detected_type(SlateFileType type, string options, string demuxer, string decoders)
    {
        var slate = $"{options} -protocol_whitelist file -format_whitelist {demuxer} -codec_whitelist {decoders} -max_pixels 16777216 "
            + $"-f {demuxer} -i file:/t/slate -filter_complex";
        var gop = "-copyts -threads 2 -protocol_whitelist pipe -format_whitelist nut "
            + "-codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i pipe:0 ";

        string.Join(' ', new SlateCommand(null, "/t/slate", type, Format, Hold: 0).Arguments()).ShouldContain("warning " + slate);
        string.Join(' ', new SlateCommand(7, "/t/slate", type, Format, Hold: 3).Arguments()).ShouldContain("warning " + gop + slate);
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
