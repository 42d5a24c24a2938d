using Broadcast.Origin.Live;

namespace Broadcast.Origin.Tests.Live;

public class LatenessTests
{
    private static readonly TimeSpan Part = TimeSpan.FromSeconds(0.35);
    private readonly Lateness _lateness = new();

    [Fact]
    public void Lag_is_unknown_at_first() => _lateness.Typical.ShouldBe(TimeSpan.Zero);

    [Fact]
    public void Lag_is_the_maximum_of_the_last_four_parts()
    {
        Come(0.9, 0.2, 0.3, 0.5).ShouldBe(0.9);
        Come(0.1).ShouldBe(0.5);
    }

    [Fact]
    public void Burst_after_an_input_loss_does_not_count_as_lag()
    {
        Come(0.1, 0.2, 0.1, 0.2);
        Come(6, 5.65, 5.3, 4.95, 4.6, 4.25, 3.9, 3.55, 3.2).ShouldBe(0.2);
        Come(2.85, 2.5, 2.15, 1.8, 1.45, 1.1, 0.75, 0.4, 0.1, 0.1, 0.2, 0.1, 0.1).ShouldBe(0.2);
    }

    [Fact]
    public void Lasting_lag_after_an_input_loss_counts_after_four_parts()
    {
        Come(0.1, 0.1, 0.1, 0.1);
        Come(4, 3.9, 4.1).ShouldBe(0.1);
        Come(4).ShouldBe(4.1);
    }

    [Fact]
    public void Second_input_loss_during_a_burst_does_not_count_as_lag()
    {
        Come(0.1, 0.1, 0.1, 0.1);
        Come(4, 3.65, 3.3, 6, 5.65).ShouldBe(0.1);
    }

    [Fact]
    public void Steadily_growing_lag_counts_at_once()
    {
        Come(0.1, 0.5, 1, 1.5).ShouldBe(1.5);
        Come(2.4).ShouldBe(2.4);
    }

    private double Come(params double[] seconds)
    {
        foreach (var late in seconds)
        {
            _lateness.Record(TimeSpan.FromSeconds(late), Part);
        }

        return _lateness.Typical.TotalSeconds;
    }
}
