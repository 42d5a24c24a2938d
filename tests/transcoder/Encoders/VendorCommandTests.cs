using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Complete command lines, for hardware that no single machine has.</summary>
public class VendorCommandTests
{
    private const string Node = "/dev/dri/renderD128";

    private const string Head = "-nostdin -hide_banner -nostats -loglevel warning";

    private static readonly Rung[] Rungs = [new("720p", 1280, 720, IsHalfRate: false, 2_500_000),
        new("480p", 854, 480, IsHalfRate: true, 1_200_000)];

    [Fact]
    public void X264() => Line(EncodePath.Software).ShouldBe(
        $"{Head} -copyts -analyzeduration 500000 -fpsprobesize 0 -threads 3 -protocol_whitelist unix -format_whitelist nut -codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i unix:/run/in "
        + "-filter_complex "
        + @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "scale=854:480:flags=bicubic,setsar=1,format=yuv420p[out1] "
        + Output(0,
            "libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -bf 0 -threads 5 -rc-lookahead 10 -g 100000 -sc_threshold 0 "
            + "-forced-idr 1 -flags +cgop -b:v 2500000 -maxrate 3750000 -bufsize 3750000") + " "
        + Output(1,
            "libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -bf 0 -threads 5 -rc-lookahead 10 -g 100000 -sc_threshold 0 "
            + "-forced-idr 1 -flags +cgop -b:v 1200000 -maxrate 1800000 -bufsize 1800000"));

    [Fact]
    public void Nvenc_with_frames_on_the_GPU() => Line(new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: true)).ShouldBe(
        $"{Head} -init_hw_device cuda=gpu -copyts -analyzeduration 500000 -fpsprobesize 0 -hwaccel cuda "
        + "-hwaccel_device gpu -hwaccel_output_format cuda -protocol_whitelist unix -format_whitelist nut -codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i unix:/run/in "
        + @"-filter_complex [0:v:0]scale_cuda=1280:720:interp_algo=bicubic:format=nv12,setsar=1,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "scale_cuda=854:480:interp_algo=bicubic:format=nv12,setsar=1[out1] "
        + Output(0,
            "h264_nvenc -preset p4 -tune hq -profile:v high -rc vbr -bf 0 -delay 0 -rc-lookahead 10 -no-scenecut 1 -b_adapt 0 -g 100000 "
            + "-forced-idr 1 -b:v 2500000 -maxrate 3750000 -bufsize 3750000") + " "
        + Output(1,
            "h264_nvenc -preset p4 -tune hq -profile:v high -rc vbr -bf 0 -delay 0 -rc-lookahead 10 -no-scenecut 1 -b_adapt 0 -g 100000 "
            + "-forced-idr 1 -b:v 1200000 -maxrate 1800000 -bufsize 1800000"));

    [Fact]
    public void Nvenc_with_frames_from_the_CPU_and_low_latency() =>
    Line(new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: false), speedLevel: 2, isHurried: true).ShouldBe(
        $"{Head} -copyts -analyzeduration 500000 -fpsprobesize 0 -threads 3 -protocol_whitelist unix -format_whitelist nut -codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i unix:/run/in "
        + "-filter_complex "
        + @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "scale=854:480:flags=bicubic,setsar=1,format=yuv420p[out1] "
        + Output(0,
            "h264_nvenc -preset p1 -tune ll -profile:v high -rc vbr -bf 0 -delay 0 -zerolatency 1 -g 100000 -forced-idr 1 -b:v 2500000 "
            + "-maxrate 3750000 -bufsize 3750000") + " "
        + Output(1,
            "h264_nvenc -preset p1 -tune ll -profile:v high -rc vbr -bf 0 -delay 0 -zerolatency 1 -g 100000 -forced-idr 1 -b:v 1200000 "
            + "-maxrate 1800000 -bufsize 1800000"));

    [Fact]
    public void Quick_sync_with_frames_on_the_GPU() => Line(new EncodePath(EncoderVendor.QuickSync, StaysOnDevice: true)).ShouldBe(
        $"{Head} -init_hw_device vaapi=va:{Node} -init_hw_device qsv=gpu@va -filter_hw_device gpu -copyts "
        + "-analyzeduration 500000 -fpsprobesize 0 "
        + "-hwaccel vaapi -hwaccel_device va -hwaccel_output_format vaapi -extra_hw_frames 16 -protocol_whitelist unix -format_whitelist nut -codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i unix:/run/in "
        + @"-filter_complex [0:v:0]hwmap=derive_device=qsv,format=qsv,vpp_qsv=w=1280:h=720:format=nv12,setsar=1,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "vpp_qsv=w=854:h=480:format=nv12,setsar=1[out1] "
        + Output(0,
            "h264_qsv -preset fast -profile:v high -bf 0 -async_depth 4 -adaptive_i 0 -adaptive_b 0 -g 65535 -forced_idr 1 -b:v 2500000 "
            + "-maxrate 3750000 -bufsize 3750000") + " "
        + Output(1,
            "h264_qsv -preset fast -profile:v high -bf 0 -async_depth 4 -adaptive_i 0 -adaptive_b 0 -g 65535 -forced_idr 1 -b:v 1200000 "
            + "-maxrate 1800000 -bufsize 1800000"));

    [Fact]
    public void Quick_sync_with_frames_from_the_CPU() => Filters(new EncodePath(EncoderVendor.QuickSync, StaysOnDevice: false)).ShouldBe(
        @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=nv12,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=854:480:flags=bicubic,setsar=1,format=nv12[out1]");

    [Fact]
    public void Vaapi_with_frames_on_the_GPU() => Line(new EncodePath(EncoderVendor.Vaapi, StaysOnDevice: true), isHurried: true).ShouldBe(
        $"{Head} -init_hw_device vaapi=gpu:{Node} -filter_hw_device gpu -copyts -analyzeduration 500000 "
        + "-fpsprobesize 0 "
        + "-hwaccel vaapi -hwaccel_device gpu -hwaccel_output_format vaapi -extra_hw_frames 16 -protocol_whitelist unix -format_whitelist nut -codec_whitelist h264,hevc,vp9,libdav1d,libaom-av1,av1 -f nut -i unix:/run/in "
        + @"-filter_complex [0:v:0]scale_vaapi=w=1280:h=720:format=nv12,setsar=1,split=2[out0][next0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "scale_vaapi=w=854:h=480:format=nv12,setsar=1[out1] "
        + Output(0,
            "h264_vaapi -profile:v high -bf 0 -async_depth 1 -g 65535 -idr_interval 0 -b:v 2500000 -maxrate 3750000 -bufsize 3750000") + " "
        + Output(1,
            "h264_vaapi -profile:v high -bf 0 -async_depth 1 -g 65535 -idr_interval 0 -b:v 1200000 -maxrate 1800000 -bufsize 1800000"));

    [Fact]
    public void Vaapi_with_frames_from_the_CPU_scales_the_next_rung_before_uploading_this_one() =>
    Filters(new EncodePath(EncoderVendor.Vaapi, StaysOnDevice: false)).ShouldBe(
        @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=nv12,split=2[own0][next0];[own0]hwupload[out0];[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),"
        + "scale=854:480:flags=bicubic,setsar=1,format=nv12,hwupload[out1]");

    [Fact]
    public void Rungs_beyond_the_hardware_session_limit_are_encoded_by_x264()
    {
        var path = new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: true, Rungs: 1);
        Filters(path)
            .ShouldEndWith("scale_cuda=854:480:interp_algo=bicubic:format=nv12,setsar=1,hwdownload,format=nv12,format=yuv420p[out1]");
        Line(path).ShouldContain("-c:v h264_nvenc -preset p4");
        Line(path).ShouldContain("-c:v libx264 -preset veryfast");
        Filters(path with { StaysOnDevice = false }).ShouldEndWith("scale=854:480:flags=bicubic,setsar=1,format=yuv420p[out1]");
    }

    [Theory]
    [InlineData(0, "p4", "fast")]
    [InlineData(1, "p2", "faster")]
    [InlineData(2, "p1", "veryfast")]
    public void Speed_level_selects_a_preset_of_each_vendor(int speedLevel, string nvenc, string quickSync)
    {
        Line(new EncodePath(EncoderVendor.Nvenc, StaysOnDevice: true), speedLevel).ShouldContain($"-c:v h264_nvenc -preset {nvenc} ");
        Line(new EncodePath(EncoderVendor.QuickSync, StaysOnDevice: true), speedLevel).ShouldContain($"-c:v h264_qsv -preset {quickSync} ");
    }

    /// <summary>
    /// ffmpeg checks the options of an encoder before opening it, so the installed ffmpeg shows whether it knows them and their values,
    /// even without the hardware.
    /// </summary>
    [Theory]
    [InlineData("h264_nvenc")]
    [InlineData("h264_qsv")]
    [InlineData("h264_vaapi")]
    [InlineData("hevc_nvenc")]
    [InlineData("hevc_qsv")]
    [InlineData("hevc_vaapi")]
    public async Task Installed_ffmpeg_supports_each_vendor_option(string encoder)
    {
        var candidate = EncoderCandidate.All.Single(c => c.Encoder == encoder);
        var options = EncoderBackend.Of(candidate.Vendor)
            .Encode(candidate.Codec, new RungEncodeSettings(500_000, SpeedLevel: 0, IsLowLatency: false))
            .Concat(EncoderBackend.Of(candidate.Vendor).Encode(candidate.Codec, new RungEncodeSettings(500_000, SpeedLevel: 0,
                IsLowLatency: true))).Where(o => o[0] == '-' && o.Length > 1).Distinct().ToList();
        var help = (await ChildProcess.RunAsync("ffmpeg", ["-hide_banner", "-h", $"encoder={encoder}"])).EnsureSuccess().Output;

        options.Except(["-c:v", "-bf", "-g", "-b:v", "-maxrate", "-bufsize"]).Select(o => o.Split(':')[0])
            .Where(o => !help.Contains($"  {o} ", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static string Output(int rung, string encoder) =>
        $"-map [out{rung}] -fps_mode passthrough -enc_time_base 1:90000 -c:v {encoder} -force_key_frames source -f nut -write_index 0 "
        + $"-flush_packets 1 unix:/run/{rung}";

    private static string Line(EncodePath path, int speedLevel = 0, bool isHurried = false) =>
        string.Join(' ', Command(path, speedLevel, isHurried).Arguments());

    private static string Filters(EncodePath path)
    {
        var arguments = Command(path, 0, isHurried: false).Arguments().ToList();
        return arguments[arguments.IndexOf("-filter_complex") + 1];
    }

    private static EncodeCommand Command(EncodePath path, int speedLevel, bool isHurried) =>
        new("unix:/run/in", DegradationLadder.At(speedLevel, Rungs), ["unix:/run/0", "unix:/run/1"], isHurried)
        {
            EncodePath = path, RenderNode = Node, Threads = new WorkerThreads(3, 5),
        };
}
