using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Tests of the test support.</summary>
public sealed class SupportTests
{
    [Fact]
    public void Manual_clock_fires_timers_in_order_of_due_time()
    {
        var clock = new ManualTimeProvider();
        var (start, began) = (clock.GetUtcNow(), clock.GetTimestamp());
        List<(string, double)> fired = [];
        void Note(object? name) => fired.Add(((string)name!, (clock.GetUtcNow() - start).TotalSeconds));

        using var late = clock.CreateTimer(Note, "late", TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using var again = clock.CreateTimer(Note, "again", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        clock.Advance(TimeSpan.FromSeconds(1.9));
        fired.ShouldBeEmpty();
        clock.Advance(TimeSpan.FromSeconds(4.1));
        fired.ShouldBe([("again", 2), ("again", 4), ("late", 5), ("again", 6)]);
        clock.ArmedTimers.ShouldBe(1);
        clock.GetElapsedTime(began).ShouldBe(TimeSpan.FromSeconds(6));
    }

    [Fact]
    public void Manual_clock_advances_to_an_instant_and_never_back()
    {
        var start = new DateTimeOffset(2031, 5, 1, 8, 0, 0, TimeSpan.Zero);
        var clock = new ManualTimeProvider(start);
        var fired = 0;
        using var timer = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        clock.AdvanceTo(start.AddSeconds(9));
        fired.ShouldBe(0);
        clock.AdvanceTo(start.AddSeconds(10));
        fired.ShouldBe(1);
        clock.GetUtcNow().ShouldBe(start.AddSeconds(10));
        Should.Throw<ArgumentOutOfRangeException>(() => clock.AdvanceTo(start));
    }

    [Fact]
    public void Step_of_the_manual_clock_changes_the_time_of_day_only()
    {
        var clock = new ManualTimeProvider();
        var (start, began) = (clock.GetUtcNow(), clock.GetTimestamp());
        var fired = 0;
        using var timer = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);
        clock.Step(TimeSpan.FromHours(2));
        (fired, clock.GetUtcNow() - start, clock.GetElapsedTime(began)).ShouldBe((0, TimeSpan.FromHours(2), TimeSpan.Zero));
        clock.Step(TimeSpan.FromHours(-3));
        clock.Advance(TimeSpan.FromSeconds(10));
        (fired, clock.GetUtcNow() - start).ShouldBe((1, TimeSpan.FromSeconds(10) - TimeSpan.FromHours(1)));
        clock.AdvanceTo(start);
        clock.GetElapsedTime(began).ShouldBe(TimeSpan.FromHours(1));
    }

    [Fact]
    public void Manual_clock_forgets_disposed_and_stopped_timers()
    {
        var clock = new ManualTimeProvider();
        var fired = 0;
        var disposed = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        using var stopped = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        clock.ArmedTimers.ShouldBe(2);
        disposed.Dispose();
        stopped.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan).ShouldBeTrue();
        clock.Advance(TimeSpan.FromMinutes(1));
        (fired, clock.ArmedTimers).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Delays_and_deadlines_use_a_manual_clock()
    {
        var clock = new ManualTimeProvider();
        var delay = Task.Delay(TimeSpan.FromMinutes(1), clock);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2), clock);
        clock.Advance(TimeSpan.FromMinutes(1));
        await delay.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
        deadline.IsCancellationRequested.ShouldBeFalse();
        clock.Advance(TimeSpan.FromMinutes(1));
        deadline.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task Poll_timeout_names_the_awaited_condition()
    {
        var failure = await Should.ThrowAsync<TimeoutException>(() => Poll.UntilAsync(() => 1 > 2, TimeSpan.FromMilliseconds(50)));
        failure.Message.ShouldContain("1 > 2");
    }

    [Fact]
    public async Task Child_process_reports_output_lines_exit_code_and_signals()
    {
        await using var child = ChildProcess.Start("bash",
            ["-c", "trap 'echo bye; exit 3' TERM; echo '{\"ready\":true}'; while :; do sleep 0.05; done"]);
        (await child.WaitForJsonAsync(TimeSpan.FromSeconds(10))).GetProperty("ready").GetBoolean().ShouldBeTrue();
        (await child.TerminateAsync(TimeSpan.FromSeconds(10))).ShouldBe(3);
        child.OutputLines[^1].ShouldBe("bye");
    }

    [Fact]
    public async Task Wait_for_output_fails_when_the_child_process_exits()
    {
        await using var child = ChildProcess.Start("bash", ["-c", "echo broken >&2; exit 1"]);
        var failure = await Should.ThrowAsync<InvalidOperationException>(() => child.WaitForJsonAsync(TimeSpan.FromMinutes(1)));
        failure.Message.ShouldContain("broken");
    }

    [Fact]
    public async Task Generated_stream_has_the_requested_keyframes_and_tracks()
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Seconds = 5, Width = 320, Height = 180 });
        var probe = await FfmpegTool.ProbeAsync(file, null, "-select_streams", "v", "-show_entries", "packet=pts_time,flags");
        var keys = probe.GetProperty("packets").EnumerateArray()
            .Where(p => p.GetProperty("flags").GetString()!.StartsWith('K'))
            .Select(p => Math.Round(double.Parse(p.GetProperty("pts_time").GetString()!), 1)).ToList();
        keys.Zip(keys.Skip(1), (a, b) => Math.Round(b - a, 1)).ShouldBe([2, 2]);
        var streams = (await FfmpegTool.ProbeAsync(file)).GetProperty("streams").EnumerateArray()
            .Select(s => s.GetProperty("codec_name").GetString());
        streams.ShouldBe(["h264", "aac"], ignoreOrder: true);
        (await FfmpegTool.DecodeAsync(file, 5)).ShouldBeEmpty();
    }

    [Fact]
    public void Golden_mismatch_reports_the_first_difference_and_the_renew_command()
    {
        using var folder = TempFolder.Create();
        Should.Throw<GoldenException>(() => Golden.Matches(folder.Path, "some/list.txt", "a", renew: false))
            .Message.ShouldContain("list.txt is missing");
        Golden.Matches(folder.Path, "some/list.txt", "a\nb", renew: true);
        Golden.Matches(folder.Path, "some/list.txt", "a\nb\n", renew: false);
        var message = Should.Throw<GoldenException>(() => Golden.Matches(folder.Path, "some/list.txt", "a\nc", renew: false)).Message;
        message.ShouldContain("list.txt differs at line 2.\nexpected: b\nactual:   c\n");
        message.ShouldContain("./broadcast test --renew-golden");
        Should.Throw<GoldenException>(() => Golden.Matches(folder.Path, "some/list.txt", "a", renew: false))
            .Message.ShouldContain("line 2.\nexpected: b\nactual:   \n");
        Golden.Matches(folder.Path, "init.mp4", [1, 2, 3], renew: true);
        Golden.Matches(folder.Path, "init.mp4", [1, 2, 3], renew: false);
        Should.Throw<GoldenException>(() => Golden.Matches(folder.Path, "init.mp4", [1, 4], renew: false)).Message.ShouldContain(
            "init.mp4 differs at byte 1.\nexpected: 0203 (of 3 bytes)\nactual:   04 (of 2 bytes)\n");
    }
}
