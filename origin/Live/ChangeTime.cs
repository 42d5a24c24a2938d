namespace Broadcast.Origin.Live;

/// <summary>Time of the last change, unique to the millisecond.</summary>
internal sealed class ChangeTime
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>The time of the last change.</summary>
    public DateTimeOffset Value { get; private set; }

    /// <summary>Records a change.</summary>
    /// <param name="now">The current time of the server that owns the session.</param>
    public void Advance(DateTimeOffset now)
    {
        var next = Value + Step;
        Value = now > next ? now : next;
    }

    /// <summary>Restores the time of the last change.</summary>
    public void Restore(DateTimeOffset value) => Value = value;
}
