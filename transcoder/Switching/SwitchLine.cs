using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Transcoder.Slate;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Switching;

/// <summary>
/// The inputs of one session and what viewers get of them. Whoever holds the gate owns all state: each input's samples come through it one at a time, so that none of an
/// input that was on air comes behind the first of the one that follows it.
/// <para>
/// An input that stands by is kept from its last keyframe on. When the one on air is lost, the other's newest keyframe goes on air at once where it lies behind the end of
/// what viewers have, else its next one does: so what they miss is no longer than its keyframe interval, whatever the time that it took to notice.
/// </para>
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="options">When it switches.</param>
/// <param name="slate">What stands in for encoders that are gone; <see langword="null"/> for nothing.</param>
/// <param name="lost">Told when nobody sends any more; the slate may come then. Called under the gate.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SwitchLine(IPublicationSink next, SwitchOptions options, SlateOptions? slate, Action<SwitchLine, Loss> lost, TimeProvider time, ILogger logger)
{
    private static readonly Counter<long> Switches = Telemetry.Meter.CreateCounter<long>(
        "broadcast_input_switches", "{switch}", "Changes between a channel's inputs, by reason: 'loss' or 'return', and 'slate' and 'back' for the slate.");

    private readonly SwitchRules _rules = new(options.Silence, options.Recovery);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile SwitchInput[] _inputs = [];
    private volatile SwitchInput? _onAir;
    private volatile AirOutput? _output;

    // Whether the slate has been asked for, for an encoder that is silent.
    private bool _isWatched;

    // What comes next waits for it.
    private AirOutput? _former;

    /// <summary>Whether viewers get an encoder's media.</summary>
    public bool HasSource => _onAir is { IsSlate: false, IsOver: false } onAir && !IsSilent(onAir, time.GetTimestamp());

    /// <summary>Whether viewers get the slate.</summary>
    public bool IsOnSlate => _onAir is { IsSlate: true };

    /// <summary>How many publications run in it; the switch's own.</summary>
    public int Users { get; set; }

    /// <summary>The inputs as they are, the primary first.</summary>
    public IEnumerable<InputStatus> Status()
    {
        var onAir = _onAir;
        return _inputs.Where(i => !i.IsSlate).OrderBy(i => i.Role).Select(i => i.Status(i == onAir));
    }

    /// <summary>Looks whether an encoder that is connected sends nothing any more.</summary>
    public void Watch()
    {
        if (_isWatched || !NeedsSlate(time.GetTimestamp()) || !_gate.Wait(0))
        {
            return;
        }

        try
        {
            if (!_isWatched && NeedsSlate(time.GetTimestamp()) && _output?.LossFor(_onAir!.Publication.Grant) is { } loss)
            {
                // Until something comes again.
                _isWatched = true;
                lost(this, loss);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The same for the slate, which goes on air when no encoder is.</summary>
    public Task RunSlateAsync(Publication publication) => RunAsync(publication, isSlate: true, CancellationToken.None);

    /// <summary>Takes an input's samples until they end, and returns when those that went on air are passed on.</summary>
    public Task RunAsync(Publication publication, CancellationToken cancellationToken) => RunAsync(publication, isSlate: false, cancellationToken);

    private async Task RunAsync(Publication publication, bool isSlate, CancellationToken cancellationToken)
    {
        var input = new SwitchInput(publication, options, time, isSlate);
        await using var cut = cancellationToken.UnsafeRegister(_ => Cut(input), null);
        await AttachAsync(input);
        AirOutput? last;
        try
        {
            // Not with the token: a wait that can be cancelled costs an allocation, and an encoder's samples end with its connection anyway.
            while (await publication.Samples.WaitToReadAsync(CancellationToken.None))
            {
                if (!await PumpAsync(input))
                {
                    break;
                }
            }
        }
        finally
        {
            last = await DetachAsync(input);
        }

        if (last is not null)
        {
            try
            {
                await last.Running.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await last.CutAsync();
                throw;
            }
        }
    }

    /// <summary>The next stage keeps an input waiting that is over: it must not keep the other waiting too.</summary>
    private void Cut(SwitchInput input)
    {
        if (_onAir == input)
        {
            _ = _output?.CutAsync();
        }
    }

    private async ValueTask AttachAsync(SwitchInput input)
    {
        await _gate.WaitAsync();
        try
        {
            // Another encoder of the same role has lost its place to this one, though its connection may not have ended yet.
            foreach (var former in _inputs.Where(i => i.IsSlate == input.IsSlate && i.Role == input.Role).ToList())
            {
                Remove(former);
            }

            _inputs = [.. _inputs, input];
            if (_inputs.Count(i => !i.IsSlate) > 1 && !input.IsSlate)
            {
                SwitchLog.Joined(logger, Channel(input), input.Role);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <returns>What has to be waited for: the end of what viewers get, when it has come with this input's.</returns>
    private async ValueTask<AirOutput?> DetachAsync(SwitchInput input)
    {
        await _gate.WaitAsync();
        try
        {
            var output = _output;
            var loss = slate is not null && !input.IsSlate && _onAir == input && _inputs is [_] && output is { Running.IsCompleted: false } ? output.LossFor(input.Publication.Grant) : null;
            Remove(input);
            if (loss is not null)
            {
                lost(this, loss);
            }

            return _output is null || output is { Running.IsCompleted: true } ? output : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Remove(SwitchInput input)
    {
        input.IsOver = true;
        input.DropKept();
        _inputs = [.. _inputs.Where(i => i != input)];
        if (_inputs.Length == 0 || (_output?.Running.IsCompleted ?? false))
        {
            // Otherwise the other goes on from where this one ends.
            _output?.Complete();
            (_former, _output, _onAir) = (_output, null, null);
        }
    }

    /// <summary>Takes all that waits.</summary>
    /// <returns><see langword="false"/> when the next stage has ended.</returns>
    private async ValueTask<bool> PumpAsync(SwitchInput input)
    {
        if (!_gate.Wait(0))
        {
            await _gate.WaitAsync();
        }

        try
        {
            var now = time.GetTimestamp();
            while (input.Publication.Samples.TryRead(out var sample))
            {
                // A slate whose place an encoder has taken is not needed any more; an encoder may go on sending to nobody until it is told.
                if (input.IsOver ? input.IsSlate : !await TakeAsync(input, sample, now))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private ValueTask<bool> TakeAsync(SwitchInput input, in MediaSample sample, long now)
    {
        input.Hear(sample, now);
        if (_onAir is null)
        {
            _output = new AirOutput(next, input.Publication.Grant, input.Publication.Tracks, _former, KeptOf(input), input.IsSlate);
            _onAir = input;
            input.DropKept();
            if (input.IsSlate)
            {
                Told(SwitchReason.Loss, input);
                SwitchLog.Slate(logger, Channel(input), "gone");
            }
        }

        if (_onAir == input)
        {
            _isWatched = false;
            return _output!.WriteAsync(sample);
        }

        if (input.IsSlate && !IsSilent(_onAir, now))
        {
            // An encoder sends: the slate is not needed.
            return ValueTask.FromResult(false);
        }

        var isKeyframe = input.Keep(sample);
        var reason = input.IsSlate ? SwitchReason.Loss : _onAir.IsSlate ? SwitchReason.Back : _rules.Judge(_onAir.ConditionAt(now), input.ConditionAt(now));
        return reason == SwitchReason.None || input.Kept.Count == 0 || (reason == SwitchReason.Return && !isKeyframe)
            ? ValueTask.FromResult(true)
            : SwitchAsync(input, reason, now);
    }

    private async ValueTask<bool> SwitchAsync(SwitchInput input, SwitchReason reason, long now)
    {
        var (former, before) = (_onAir!, _output!);
        var placement = default(Placement);
        var longest = reason == SwitchReason.Back ? SwitchRules.LongestShiftBack(input.ConditionAt(now).Good) : SwitchRules.LongestShift(reason);
        if (before.End is { } end && !SwitchRules.TryPlace(end, input.Kept[0], longest, out placement))
        {
            // The next keyframe lies later. What is kept of this one is of no use.
            input.DropKept();
            return true;
        }

        var shift = placement.Shift.Timescale == 0 ? MediaTime.Zero(MediaTime.VideoTimescale) : placement.Shift;
        // Silence in place of sound alone would fit; but what is the slate is told apart from what is not.
        var goesOn = former.IsSlate == input.IsSlate && before.Fits(input.Tracks) && placement.Gap <= SwitchRules.LongestBridge;
        if (!goesOn)
        {
            before.Complete();
            _output = new AirOutput(next, input.Publication.Grant, [.. input.Tracks], before, KeptOf(input), input.IsSlate);
            _ = WatchAsync(before, Channel(input));
        }

        _output!.Join(input.Tracks, shift);
        _onAir = input;
        _isWatched = false;
        Told(reason, input);
        if (former.IsSlate)
        {
            Remove(former);
            SwitchLog.Back(logger, Channel(input), input.Role, placement.Gap.TotalSeconds, shift.TotalSeconds);
        }
        else if (input.IsSlate)
        {
            SwitchLog.Slate(logger, Channel(input), former.IsOver ? "gone" : "silent");
        }
        else if (reason == SwitchReason.Return)
        {
            SwitchLog.Returned(logger, Channel(input), input.Role, placement.Gap.TotalSeconds, shift.TotalSeconds, !goesOn);
        }
        else
        {
            SwitchLog.Lost(
                logger, Channel(input), former.Role, former.IsOver ? "gone" : "silent", former.ConditionAt(now).Silence.TotalSeconds, input.Role, placement.Gap.TotalSeconds,
                shift.TotalSeconds, !goesOn);
        }

        var isTaken = true;
        foreach (var kept in input.Kept)
        {
            isTaken = isTaken && await _output.WriteAsync(kept);
        }

        input.DropKept();
        return isTaken;
    }

    private static void Told(SwitchReason reason, SwitchInput input) => Switches.Add(1, new KeyValuePair<string, object?>("reason", reason switch
    {
        SwitchReason.Return => "return",
        SwitchReason.Back => "back",
        _ => input.IsSlate ? "slate" : "loss",
    }));

    private bool NeedsSlate(long now) => slate is not null && _onAir is { IsSlate: false } && _inputs is { Length: > 0 } inputs && inputs.All(i => IsSilent(i, now));

    private bool IsSilent(SwitchInput input, long now) => input.IsOver || (slate is not null && input.SilenceAt(now) >= slate.Silence);

    private long KeptOf(SwitchInput input) => input.IsSlate ? 0 : slate?.KeptBytes ?? 0;

    /// <summary>Nobody waits for what ended with a switch; that it failed is said nevertheless.</summary>
    private async Task WatchAsync(AirOutput output, string channel)
    {
        try
        {
            await output.Running;
        }
        catch (Exception e)
        {
            SwitchLog.Failed(logger, e, channel);
        }
    }

    private static string Channel(SwitchInput input) => input.Publication.Grant.Session.Channel.Value;
}

internal static partial class SwitchLog
{
    [LoggerMessage(2010, LogLevel.Information, "Channel {Channel}: its {Role} is connected beside the other input")]
    public static partial void Joined(ILogger logger, string channel, InputRole role);

    [LoggerMessage(2011, LogLevel.Warning,
        "Channel {Channel}: its {Lost} is {How}, last picture {Silence:0.00} s ago; its {Role} is on air now (gap {Gap:0.000} s, moved by {Shift:0.000} s, discontinuity: {Discontinuity})")]
    public static partial void Lost(
        ILogger logger, string channel, InputRole lost, string how, double silence, InputRole role, double gap, double shift, bool discontinuity);

    [LoggerMessage(2014, LogLevel.Warning, "Channel {Channel}: its encoder is {How}, and viewers see the slate")]
    public static partial void Slate(ILogger logger, string channel, string how);

    [LoggerMessage(2015, LogLevel.Information, "Channel {Channel}: its {Role} is on air in place of the slate (gap {Gap:0.000} s, moved by {Shift:0.000} s)")]
    public static partial void Back(ILogger logger, string channel, InputRole role, double gap, double shift);

    [LoggerMessage(2013, LogLevel.Error, "Channel {Channel}: the next stage failed with what was on air before a switch")]
    public static partial void Failed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(2012, LogLevel.Information,
        "Channel {Channel}: its {Role} has been good again for long enough and is on air (gap {Gap:0.000} s, moved by {Shift:0.000} s, discontinuity: {Discontinuity})")]
    public static partial void Returned(ILogger logger, string channel, InputRole role, double gap, double shift, bool discontinuity);
}
