namespace Broadcast.Origin.Live;

/// <summary>Time of the last change, unique to the millisecond.</summary>
internal sealed class ChangeTime(TimeProvider time)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>The time of the last change.</summary>
    public DateTimeOffset Value { get; private set; }

    /// <summary>Records a change now.</summary>
    public void Advance()
    {
        var (now, next) = (time.GetUtcNow(), Value + Step);
        Value = now > next ? now : next;
    }
}
