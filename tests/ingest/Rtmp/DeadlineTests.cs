using System.Buffers;
using System.IO.Pipelines;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class DeadlineTests
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Deadline_that_has_passed_can_be_set_again()
    {
        var passed = 0;
        using var deadline = new Deadline(_time, () => passed++);
        for (var round = 1; round <= 3; round++)
        {
            deadline.Set(Period);
            _time.Advance(Period - TimeSpan.FromMilliseconds(1));
            passed.ShouldBe(round - 1);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            passed.ShouldBe(round);
        }
    }

    [Fact]
    public void Deadline_set_from_its_own_callback_passes_periodically()
    {
        var passed = 0;
        Deadline? deadline = null;
        deadline = new Deadline(_time, () =>
        {
            passed++;
            deadline!.Set(Period);
        });
        using (deadline)
        {
            deadline.Set(Period);
            for (var round = 1; round <= 3; round++)
            {
                _time.Advance(Period);
                passed.ShouldBe(round);
            }
        }
    }

    [Fact]
    public void Moved_deadline_passes_once_at_its_new_time()
    {
        var passed = 0;
        using var deadline = new Deadline(_time, () => passed++);
        deadline.Set(Period);
        _time.Advance(Period / 2);
        deadline.Set(Period);
        _time.Advance(Period - TimeSpan.FromMilliseconds(1));
        passed.ShouldBe(0);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        passed.ShouldBe(1);
        _time.Advance(2 * Period);
        passed.ShouldBe(1);
    }

    [Fact]
    public void Silent_publisher_is_pinged_at_every_interval_and_unreachable_when_it_does_not_answer()
    {
        var output = new ArrayBufferWriter<byte>();
        var options = new IngestOptions();
        using var keepAlive = new ConnectionKeepAlive(new RtmpStateMachine(output, options), new Pipe().Reader, options, _time, _ => { });
        keepAlive.ResetPing();
        var size = 0;
        for (var pings = 1; pings <= 3; pings++)
        {
            _time.Advance(options.PingInterval);
            keepAlive.SendDue();
            size = pings == 1 ? output.WrittenCount : size;
            output.WrittenCount.ShouldBe(pings * size);
            keepAlive.IsUnreachable.ShouldBe(pings > 1, "the first ping may still be answered");
        }

        size.ShouldBeGreaterThan(0);
    }
}
