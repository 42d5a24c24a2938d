using Broadcast.Publisher;
using Broadcast.Targets.Messages;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Targets.Tests;

/// <summary>The bounded queue of one target.</summary>
public sealed class LegQueueTests
{
    [Fact]
    public void Full_queue_drops_up_to_a_keyframe_for_which_there_is_room()
    {
        var queue = new LegQueue(int.MaxValue, TimeSpan.FromSeconds(2));
        Add(queue, 0, 75);
        queue.Duration.ShouldBe(TimeSpan.FromSeconds(2));
        queue.Dropped.ShouldBe(24, "up to the third second");

        Take(queue).Count.ShouldBe(51);
        Add(queue, 80, 90);
        queue.Dropped.ShouldBe(34, "no keyframe yet");
        Add(queue, 100, 110);

        Take(queue).Select(tag => tag.Timestamp).ShouldBe(Enumerable.Range(100, 10).Select(i => (uint)i * 40));
        queue.Dropped.ShouldBe(34);
    }

    [Fact]
    public void Time_without_an_encoder_does_not_count()
    {
        var queue = new LegQueue(int.MaxValue, TimeSpan.FromSeconds(5));
        Add(queue, 0, 25);
        Add(queue, 15_000, 15_025);

        queue.Dropped.ShouldBe(0);
        queue.Duration.ShouldBe(TimeSpan.FromSeconds(0.96 + 1 + 0.96));
        Take(queue).Count.ShouldBe(50);
        queue.Duration.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void Configurations_are_kept_while_frames_are_dropped()
    {
        var queue = new LegQueue(1, TimeSpan.FromHours(1));
        Add(queue, 0, 1);
        queue.Add([new(9, 40, new byte[] { 0x17, 0, 1 }), Frame(1)], isKeyframe: true);

        Take(queue).Select(tag => tag.IsConfiguration).ShouldBe([false, true]);
        queue.Dropped.ShouldBe(1);
    }

    [Fact]
    public void Bytes_never_exceed_the_limit_by_more_than_one_frame()
    {
        var property = Prop.ForAll(ArbMap.Default.ArbFor<(byte Count, bool Takes)[]>(), steps =>
        {
            var (queue, next, held) = (new LegQueue(1000, TimeSpan.FromHours(1)), 0, 0L);
            foreach (var (count, takes) in steps)
            {
                Add(queue, next, next + count);
                next += count;
                if (takes)
                {
                    held = Take(queue).Sum(tag => tag.Body.Length);
                }

                if (held >= 1000 + 100)
                {
                    return false;
                }
            }

            return true;
        });
        Check.QuickThrowOnFailure(property);
    }

    [Fact]
    public async Task Reader_is_woken_by_a_signal_once_there_are_messages()
    {
        var queue = new LegQueue(int.MaxValue, TimeSpan.FromHours(1));
        var waiting = queue.WaitAsync();
        queue.Signal();
        waiting.IsCompleted.ShouldBeFalse();
        Add(queue, 0, 5);
        waiting.IsCompleted.ShouldBeFalse();
        queue.Signal();
        await waiting;
        Take(queue).Count.ShouldBe(5);
        waiting = queue.WaitAsync();
        queue.Wake();
        await waiting;
        queue.Clear();
        Take(queue).ShouldBeEmpty();
    }

    private static void Add(LegQueue queue, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            queue.Add([Frame(i)], isKeyframe: i % 25 == 0);
        }
    }

    private static FlvTag Frame(int number) => new(9, (uint)number * 40, new byte[100]);

    private static List<FlvTag> Take(LegQueue queue)
    {
        var tags = new List<FlvTag>();
        queue.TryTake(tags, int.MaxValue, int.MaxValue);
        return tags;
    }
}
