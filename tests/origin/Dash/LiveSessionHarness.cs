using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Dash;

/// <summary>A session that receives each segment at its real time: by the clock, plus a lag.</summary>
internal sealed class LiveSessionHarness
{
    private readonly ManualTimeProvider _clock = new(FakePackager.Start);

    public LiveSessionHarness(FakePackager source)
    {
        (Source, Session) = (source, new LiveSession(source.Session, _clock));
        source.NotifyTo(Session);
    }

    public FakePackager Source { get; }

    public LiveSession Session { get; }

    /// <summary>The clock, without the lag.</summary>
    public DateTimeOffset Time { get; set; } = FakePackager.Start;

    public TimeSpan Lag { get; set; }

    /// <summary>Media due before this time arrive then, in one burst.</summary>
    public DateTimeOffset NotBefore { get; set; }

    public string Mpd()
    {
        Set(Time + Lag);
        return Session.Manifests.SessionMpd().Text();
    }

    public void Hear()
    {
        foreach (var @event in Source.Unsent.OrderBy(When).ToList())
        {
            var due = When(@event) + Lag;
            Set(due > NotBefore ? due : NotBefore);
            Session.Append([@event], error => throw new InvalidOperationException(error));
        }

        Source.Unsent.Clear();
    }

    /// <summary>Sets the clock; late media of a segment can be due before the end of the previous one.</summary>
    private void Set(DateTimeOffset instant) => _clock.Step(instant - _clock.GetUtcNow());

    private DateTimeOffset When(TimelineEvent @event) => @event switch
    {
        TimelineEvent.PartReady part => FakePackager.Start + (part.Start + part.Duration).ToTimeSpan(),
        TimelineEvent.InitReady or TimelineEvent.Discontinuity => FakePackager.Start,
        _ => Time,
    };

    public LiveSessionHarness Segments(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Segment(2);
        }

        return this;
    }

    public LiveSessionHarness Lengths(params double[] lengths)
    {
        foreach (var length in lengths)
        {
            Segment(length);
        }

        return this;
    }

    public void Segment(double seconds)
    {
        Time += TimeSpan.FromSeconds(seconds);
        Source.Segment(seconds, bytes: 25_000);
        Hear();
    }

    public LiveSessionHarness Wait(double seconds)
    {
        Time += TimeSpan.FromSeconds(seconds);
        Mpd();
        Source.Silence(seconds);
        return this;
    }

    public LiveSessionHarness End()
    {
        Source.End();
        Hear();
        return this;
    }
}
