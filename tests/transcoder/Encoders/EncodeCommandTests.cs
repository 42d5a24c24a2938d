using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

public class EncodeCommandTests
{
    private static readonly Rung[] Rungs = [new("720p", 1280, 720, IsHalfRate: false, 2_500_000), new("480p", 854, 480, IsHalfRate: true, 1_200_000), new("360p", 640, 360, IsHalfRate: true, 700_000)];

    [Fact]
    public void Each_rung_is_scaled_from_the_one_above_it_and_pictures_are_left_out_once() =>
        Filters(Command()).ShouldBe(
            "[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[out0][next0];"
            + @"[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + "[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p[out2]");

    [Fact]
    public void A_rung_with_half_of_the_pictures_takes_none_from_a_smaller_one_that_has_all() =>
        Filters(Command() with { Effort = DegradationLadder.At(0, [Rungs[0] with { IsHalfRate = true }, Rungs[1] with { IsHalfRate = false }, Rungs[2]]) }).ShouldBe(
            @"[0:v:0]scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)[out0];"
            + "[next0]scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + @"[next1]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=640:360:flags=bicubic,setsar=1,format=yuv420p[out2]");

    [Fact]
    public void A_worker_that_follows_another_encodes_from_the_first_missing_picture_on() =>
        Filters(Command() with { From = [162_090_000, 162_090_000, 162_090_000] }).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000)," + Filters(Command())["[0:v:0]".Length..]);

    [Fact]
    public void Rungs_of_which_the_one_before_left_different_pictures_begin_each_with_its_own() =>
        Filters(Command() with { From = [162_093_000, 162_090_000, 162_096_000] }).ShouldBe(
            @"[0:v:0]select=gte(pts\,162090000),scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=gte(pts\,162093000)[out0];"
            + @"[next0]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[out1][next1];"
            + @"[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p,select=gte(pts\,162096000)[out2]");

    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(2, 3, 3)]
    [InlineData(4, 5, 6)]
    [InlineData(64, 6, 8)]
    public void Threads_are_as_many_as_on_a_small_machine_and_not_a_second_of_delay_on_a_large_one(int processors, int decode, int encode)
    {
        var arguments = string.Join(' ', (Command() with { Threads = WorkerThreads.For(processors) }).Arguments());
        arguments.ShouldContain($"-threads {decode} -f nut -i ");
        arguments.ShouldContain($"-c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -bf 0 -threads {encode} ");
    }

    [Fact]
    public void Fields_become_pictures_before_any_is_scaled_or_left_out_and_times_stay_what_they_were() =>
        Filters(Command() with { From = [9000, 9000, 9000], MayBeInterlaced = true, Effort = DegradationLadder.At(3, Rungs) }).ShouldStartWith(
            @"[0:v:0]select=gte(pts\,9000),bwdif=mode=send_frame:deint=interlaced,settb=1/90000,select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2),scale=1280:720");

    [Fact]
    public void Keyframes_are_the_source_s_and_no_others_and_times_are_its_own()
    {
        var arguments = string.Join(' ', Command().Arguments());
        arguments.ShouldContain("-g 100000 -sc_threshold 0 -forced-idr 1 -flags +cgop");
        arguments.ShouldContain("-force_key_frames source");
        arguments.ShouldContain("-copyts");
        arguments.ShouldContain("-fps_mode passthrough -enc_time_base 1:90000");
    }

    [Fact]
    public void Keyframes_at_instants_of_their_own_are_the_first_pictures_of_equal_spans_whatever_pictures_a_rung_leaves_out_and_wherever_it_begins()
    {
        // 4.75 spans after the first one began, and two spans after it.
        var command = Command() with { Keys = new ForcedKeyframeTimes(162_000_001, 180_000, 0), From = [162_855_001, 162_360_001, 162_855_001] };
        var arguments = string.Join(' ', command.Arguments());
        arguments.ShouldContain("-force_key_frames expr:if(isnan(prev_forced_t),1,gt(floor((t*90000-45000+0.5)/180000),floor((prev_forced_t*90000-45000+0.5)/180000)))");
        arguments.ShouldContain("-force_key_frames expr:if(isnan(prev_forced_t),1,gt(floor((t*90000-0+0.5)/180000),floor((prev_forced_t*90000-0+0.5)/180000)))");
        Filters(command).ShouldBe(
            @"[0:v:0]select=gte(pts\,162360001),scale=1280:720:flags=bicubic,setsar=1,format=yuv420p,split=2[own0][next0];[own0]select=gte(pts\,162855001)[out0];"
            + @"[next0]scale=854:480:flags=bicubic,setsar=1,format=yuv420p,split=2[own1][next1];"
            + @"[own1]select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)+gt(floor((pts-start_pts-0+0.5)/180000)\,floor((prev_pts-start_pts-0+0.5)/180000))[out1];"
            + @"[next1]scale=640:360:flags=bicubic,setsar=1,format=yuv420p,select=gte(pts\,162855001),"
            + @"select=isnan(prev_selected_pts)+key+gte(n-prev_selected_n\,2)+gt(floor((pts-start_pts-45000+0.5)/180000)\,floor((prev_pts-start_pts-45000+0.5)/180000))[out2]");
    }

    [Fact]
    public void A_rung_s_rate_is_bounded_over_a_second() =>
        string.Join(' ', Command().Arguments()).ShouldContain("-b:v 1200000 -maxrate 1800000 -bufsize 1800000");

    [Fact]
    public void Nothing_but_its_sockets_is_read_or_written()
    {
        var arguments = Command().Arguments().ToList();
        arguments[arguments.IndexOf("-protocol_whitelist") + 1].ShouldBe("unix");
        arguments[arguments.IndexOf("-i") + 1].ShouldBe("unix:/run/in");
        arguments.Where(a => a.StartsWith("unix:", StringComparison.Ordinal)).ShouldBe(["unix:/run/in", "unix:/run/0", "unix:/run/1", "unix:/run/2"]);
    }

    [Fact]
    public void Only_the_hurried_do_not_look_ahead()
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

    private static EncodeCommand Command() => new("/run/in", DegradationLadder.At(0, Rungs), ["/run/0", "/run/1", "/run/2"], IsHurried: false);
}
