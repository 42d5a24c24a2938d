using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public class EncodeCommandTests
{
    private static readonly Rung[] Rungs = [new("720p", 1280, 720, IsHalfRate: false, 2_500_000),
        new("480p", 854, 480, IsHalfRate: true, 1_200_000), new("360p", 640, 360, IsHalfRate: true, 700_000)];

    [Fact]
    public void Each_rung_is_scaled_from_the_one_above_it_and_frames_are_dropped_once() =>
        Filters(Command()).ShouldBe(
            "[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[out0][next0];"
            + @"[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + "[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p[out2]");

    [Fact]
    public void Half_rate_rung_does_not_affect_the_frame_rate_of_smaller_rungs() =>
        Filters(Command() with { Profile = DegradationLadder.At(0,
            [Rungs[0] with { IsHalfRate = true }, Rungs[1] with { IsHalfRate = false }, Rungs[2]]) }).ShouldBe(
            @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)[out0];"
            + "[next0]scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + @"[next1]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=640:360:flags=bicubic,setsar=1,format=yuv420p[out2]");

    [Fact]
    public void Replacement_worker_encodes_from_the_first_missing_frame() =>
        Filters(Command() with { From = [162_090_000, 162_090_000, 162_090_000] }).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000)," + Filters(Command())["[0:v:0]".Length..]);

    [Fact]
    public void Rungs_with_different_missing_frames_each_resume_at_their_own() =>
        Filters(Command() with { From = [162_093_000, 162_090_000, 162_096_000] }).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000),scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=gte(pts\,162093000)[out0];"
            + @"[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + @"[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p,select=gte(pts\,162096000)[out2]");

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(2, 3, 3)]
    [InlineData(4, 5, 6)]
    [InlineData(64, 6, 8)]
    public void Thread_count_scales_with_processors_and_is_capped_to_limit_delay(int processors, int decode, int encode)
    {
        var arguments = string.Join(' ', (Command() with { Threads = WorkerThreads.For(processors) }).Arguments());
        arguments.ShouldContain($"-threads {decode} -protocol_whitelist unix -format_whitelist nut ");
        arguments.ShouldContain($"-c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -bf 0 -threads {encode} ");
    }

    [Fact]
    public void Deinterlacing_precedes_scaling_and_frame_dropping_and_keeps_times() =>
        Filters(Command() with { From = [9000, 9000, 9000], MayBeInterlaced = true, Profile = DegradationLadder.At(3, Rungs) })
        .ShouldStartWith(
            @"[0:v:0]select=gte(pts\,9000),bwdif=mode=send_frame:deint=interlaced,settb=1/90000,select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=1280:720");

    [Fact]
    public void Keyframes_and_times_are_exactly_those_of_the_source()
    {
        var arguments = string.Join(' ', Command().Arguments());
        arguments.ShouldContain("-g 100000 -sc_threshold 0 -forced-idr 1 -flags +cgop");
        arguments.ShouldContain("-force_key_frames source");
        arguments.ShouldContain("-copyts");
        arguments.ShouldContain("-fps_mode passthrough -enc_time_base 1:90000");
    }

    [Fact]
    public void Forced_keyframes_are_the_first_frames_of_equal_intervals_for_any_rung_start()
    {
        // 4.75 intervals after the start of the first one, and two intervals after it.
        var command = Command() with { Keys = new ForcedKeyframeTimes(162_000_001, 180_000, 0),
            From = [162_855_001, 162_360_001, 162_855_001] };
        var arguments = string.Join(' ', command.Arguments());
        arguments.ShouldContain(
            "-force_key_frames "
            + "expr:if(isnan(prev_forced_t),1,gt(floor((t*90000-45000+0.5)/180000),floor((prev_forced_t*90000-45000+0.5)/180000)))");
        arguments.ShouldContain(
            "-force_key_frames expr:if(isnan(prev_forced_t),1,gt(floor((t*90000-0+0.5)/180000),floor((prev_forced_t*90000-0+0.5)/180000)))");
        Filters(command).ShouldBe(
            @"[0:v:0]select=gte(pts\,162360001),scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=gte(pts\,162855001)[out0];"
            + @"[next0]scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[own1][next1];"
            + @"[own1]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)+gt(floor((pts-start_pts-0+0.5)/180000)\,floor((prev_pts-start_pts-0+0.5)/180000))[out1];"
            + @"[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p,select=gte(pts\,162855001),"
            + @"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)+gt(floor((pts-start_pts-45000+0.5)/180000)\,floor((prev_pts-start_pts-45000+0.5)/180000))[out2]");
    }

    [Fact]
    public void Rung_bitrate_is_bounded_by_a_one_second_buffer() =>
        string.Join(' ', Command().Arguments()).ShouldContain("-b:v 1200000 -maxrate 1800000 -bufsize 1800000");

    [Fact]
    public void Encode_command_reads_and_writes_only_its_sockets()
    {
        var arguments = Command().Arguments().ToList();
        arguments[arguments.IndexOf("-protocol_whitelist") + 1].ShouldBe("unix");
        arguments[arguments.IndexOf("-i") + 1].ShouldBe("unix:/run/in");
        arguments.Where(a => a.StartsWith("unix:", StringComparison.Ordinal))
            .ShouldBe(["unix:/run/in", "unix:/run/0", "unix:/run/1", "unix:/run/2"]);
    }

    [Fact]
    public void Lookahead_is_disabled_only_for_low_latency()
    {
        Command().Arguments().ShouldContain("-rc-lookahead");
        Command().Arguments().ShouldNotContain("zerolatency");
        (Command() with { IsHurried = true }).Arguments().ShouldContain("zerolatency");
    }

    private static string Filters(EncodeCommand command)
    {
        var arguments = command.Arguments().ToList();
        return arguments[arguments.IndexOf("-filter_complex") + 1];
    }

    private static EncodeCommand Command() => new("unix:/run/in", DegradationLadder.At(0, Rungs), ["unix:/run/0", "unix:/run/1", "unix:/run/2"],
        IsHurried: false);
}
