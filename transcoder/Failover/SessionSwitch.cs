using System.Diagnostics.Metrics;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Transcoder.Slate;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Failover;

/// <summary>
/// The inputs of one session and its output. The gate protects all state: samples of all inputs pass it one at a time, so no sample of a
/// replaced input follows the first sample of its successor.
/// <para>
/// A standby input is buffered from its last keyframe on. When the active input is lost, the standby's newest keyframe is used at once if
/// it lies after the end of the output, otherwise its next one. The gap is thus at most its keyframe interval, however long the detection
/// took.
/// </para>
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="options">The failover options.</param>
/// <param name="slate">The slate options; <see langword="null"/> for no slate.</param>
/// <param name="lost">Called under the gate when no input sends; may start the slate.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SessionSwitch(IPublicationSink next, FailoverOptions options, SlateOptions? slate,
    Action<SessionSwitch, InputLoss> lost, TimeProvider time, ILogger logger)
{
    private static readonly Counter<long> Switches = Telemetry.Meter.CreateCounter<long>(
        "broadcast_input_switches", "{switch}", "Switches between a channel's inputs, and to and from the slate, by reason.");

    private readonly SwitchPolicy _policy = new(options.InputLossThreshold, options.RecoveryTime);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile SwitchInput[] _inputs = [];
    private volatile SwitchInput? _onAir;
    private volatile SwitchedOutput? _output;

    // Whether the slate was requested for a silent encoder.
    private bool _isSlateRequested;

    // The previous output; the next one waits for it.
    private SwitchedOutput? _previousOutput;

    /// <summary>Indicates whether viewers get an encoder's media.</summary>
    public bool HasSource => _onAir is { IsSlate: false, IsEnded: false } onAir && !IsSilent(onAir, time.GetTimestamp());

    /// <summary>Indicates whether viewers get the slate.</summary>
    public bool IsOnSlate => _onAir is { IsSlate: true };

    /// <summary>Indicates whether an encoder or the slate is connected.</summary>
    public bool HasInputs => _inputs.Length > 0;

    /// <summary>Number of publications using the switch.</summary>
    public int Users { get; set; }

    /// <summary>Status of the inputs, primary first.</summary>
    public IEnumerable<InputStatus> Status()
    {
        var onAir = _onAir;
        return _inputs.Where(i => !i.IsSlate).OrderBy(i => i.Role).Select(i => i.Status(i == onAir));
    }

    /// <summary>Detects input loss of a connected encoder.</summary>
    public void CheckInputLoss()
    {
        if (_isSlateRequested || !NeedsSlate(time.GetTimestamp()) || !_gate.Wait(0))
        {
            return;
        }

        try
        {
            if (!_isSlateRequested && NeedsSlate(time.GetTimestamp()) && _output?.LossFor(_onAir!.Publication.Grant) is { } loss)
            {
                // Until a sample arrives.
                _isSlateRequested = true;
                lost(this, loss);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Runs the slate as an input, which is used while no encoder sends.</summary>
    public Task RunSlateAsync(Publication publication) => RunAsync(publication, isSlate: true, CancellationToken.None);

    /// <summary>Forwards an input's samples until they end, and returns when those delivered are complete.</summary>
    public Task RunAsync(Publication publication, CancellationToken cancellationToken) =>
        RunAsync(publication, isSlate: false, cancellationToken);

    private async Task RunAsync(Publication publication, bool isSlate, CancellationToken cancellationToken)
    {
        var input = new SwitchInput(publication, options, time, isSlate);
        await using var registration = cancellationToken.UnsafeRegister(_ => CancelOutput(input), null);
        await AttachAsync(input);
        SwitchedOutput? lastOutput;
        try
        {
            // Without the token: a cancelable wait allocates, and an encoder's samples end with its connection.
            while (await publication.Samples.WaitToReadAsync(CancellationToken.None))
            {
                if (!await ForwardAsync(input))
                {
                    break;
                }
            }
        }
        finally
        {
            lastOutput = await DetachAsync(input);
        }

        if (lastOutput is not null)
        {
            try
            {
                await lastOutput.Running.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                await lastOutput.CancelAsync();
                throw;
            }
        }
    }

    /// <summary>
    /// An ended input must not make the next stage block the other input, or the output after its own. An output that another input
    /// continues is not canceled.
    /// </summary>
    private void CancelOutput(SwitchInput input)
    {
        if (input.Output is { } output && (_onAir == input || output != _output))
        {
            _ = output.CancelAsync();
        }
    }

    private async ValueTask AttachAsync(SwitchInput input)
    {
        await _gate.WaitAsync();
        try
        {
            // Another encoder of the same role is replaced, even if its connection has not ended yet.
            foreach (var previousInput in _inputs.Where(i => i.IsSlate == input.IsSlate && i.Role == input.Role).ToList())
            {
                Remove(previousInput);
            }

            _inputs = [.. _inputs, input];
            if (_inputs.Count(i => !i.IsSlate) > 1 && !input.IsSlate)
            {
                SwitchLog.InputConnected(logger, Channel(input), input.Role);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <returns>The output to wait for, if it ends with this input.</returns>
    private async ValueTask<SwitchedOutput?> DetachAsync(SwitchInput input)
    {
        await _gate.WaitAsync();
        try
        {
            var output = _output;
            var loss = slate is not null && !input.IsSlate && _onAir == input && _inputs is [_]
                && output is { Running.IsCompleted: false } ? output.LossFor(input.Publication.Grant) : null;
            var isReplaced = input is { IsEnded: true, IsSlate: false };
            Remove(input);
            if (loss is not null)
            {
                lost(this, loss);
            }

            // A replaced input waits for its output too, so that its connection can still cancel it.
            return isReplaced && input.Output != _output ? input.Output
                : _output is null || output is { Running.IsCompleted: true } ? output : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Remove(SwitchInput input)
    {
        input.IsEnded = true;
        input.ClearBuffer();
        _inputs = [.. _inputs.Where(i => i != input)];
        if (_inputs.Length == 0 || (_output?.Running.IsCompleted ?? false))
        {
            // Otherwise the other input continues the output.
            _output?.Complete();
            (_previousOutput, _output, _onAir) = (_output, null, null);
        }
    }

    /// <summary>Forwards all queued samples.</summary>
    /// <returns><see langword="false"/> if the next stage has ended.</returns>
    private async ValueTask<bool> ForwardAsync(SwitchInput input)
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
                // A replaced slate is no longer needed; a replaced encoder may continue to send until it is notified.
                if (input.IsEnded ? input.IsSlate : !await HandleAsync(input, sample, now))
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

    private ValueTask<bool> HandleAsync(SwitchInput input, in MediaSample sample, long now)
    {
        input.Record(sample, now);
        if (_onAir is null)
        {
            _output = new SwitchedOutput(next, input.Publication.Grant, input.Publication.Tracks, _previousOutput, GopBufferOf(input),
                input.IsSlate);
            (_onAir, input.Output) = (input, _output);
            input.ClearBuffer();
            if (input.IsSlate)
            {
                CountSwitch(SwitchReason.Loss, input);
                SwitchLog.SlateStarted(logger, Channel(input), "gone");
            }
        }

        if (_onAir == input)
        {
            _isSlateRequested = false;
            return _output!.WriteAsync(sample);
        }

        if (input.IsSlate && !IsSilent(_onAir, now))
        {
            // An encoder is sending; the slate is not needed.
            return ValueTask.FromResult(false);
        }

        var isKeyframe = input.TryBuffer(sample);
        var reason = input.IsSlate ? SwitchReason.Loss
            : _onAir.IsSlate ? SwitchReason.Back : _policy.Evaluate(_onAir.ConditionAt(now), input.ConditionAt(now));
        if (reason == SwitchReason.None || input.Buffered.Count == 0 || (reason == SwitchReason.Return && !isKeyframe))
        {
            return ValueTask.FromResult(true);
        }

        switch (Place(input, reason, now, out var splicePoint))
        {
            case SpliceDecision.Now:
                return SwitchAsync(input, reason, splicePoint, now);
            case SpliceDecision.AtNextKeyframe:
                input.ClearBuffer();
                return ValueTask.FromResult(true);
            default:
                return ValueTask.FromResult(true);
        }
    }

    private SpliceDecision Place(SwitchInput input, SwitchReason reason, long now, out SplicePoint splicePoint)
    {
        splicePoint = default;
        var keyframe = input.Buffered[0];
        if (reason != SwitchReason.Back)
        {
            return _output!.End is not { } end || SwitchPolicy.TryPlace(end, keyframe, SwitchPolicy.MaxShift(reason), out splicePoint)
                ? SpliceDecision.Now : SpliceDecision.AtNextKeyframe;
        }

        return _output!.EndOfAllTracks is not { } endOfSlate ? SpliceDecision.Now
            : SwitchPolicy.PlaceAfterSlate(endOfSlate, keyframe, input.Buffered.Last(sample => sample.Track.Kind == keyframe.Track.Kind),
                input.Publication.Grant.Session.StartedAt, input.ConditionAt(now).StableFor, out splicePoint);
    }

    private async ValueTask<bool> SwitchAsync(SwitchInput input, SwitchReason reason, SplicePoint splicePoint, long now)
    {
        var (previousInput, previousOutput) = (_onAir!, _output!);
        var shift = splicePoint.Shift.Timescale == 0 ? MediaTime.Zero(MediaTime.VideoTimescale) : splicePoint.Shift;
        // Silence in place of audio would fit, but slate and encoder media stay separate.
        var continues = previousInput.IsSlate == input.IsSlate && previousOutput.Fits(input.Tracks)
            && splicePoint.Gap <= SwitchPolicy.MaxHeldGap;
        if (!continues)
        {
            previousOutput.Complete();
            _output = new SwitchedOutput(next, input.Publication.Grant, [.. input.Tracks], previousOutput, GopBufferOf(input),
                input.IsSlate);
            _ = LogFailureAsync(previousOutput, Channel(input));
        }

        _output!.Join(input.Tracks, shift);
        input.Publication.Shift.Value = shift.ToTimeSpan();
        (_onAir, input.Output) = (input, _output);
        _isSlateRequested = false;
        CountSwitch(reason, input);
        if (previousInput.IsSlate)
        {
            Remove(previousInput);
            SwitchLog.SlateReplaced(logger, Channel(input), input.Role, splicePoint.Gap.TotalSeconds, shift.TotalSeconds);
        }
        else if (input.IsSlate)
        {
            SwitchLog.SlateStarted(logger, Channel(input), previousInput.IsEnded ? "gone" : "silent");
        }
        else if (reason == SwitchReason.Return)
        {
            SwitchLog.InputRecovered(logger, Channel(input), input.Role, splicePoint.Gap.TotalSeconds, shift.TotalSeconds, !continues);
        }
        else
        {
            SwitchLog.InputLost(
                logger, Channel(input), previousInput.Role, previousInput.IsEnded ? "gone" : "silent",
                previousInput.ConditionAt(now).Silence.TotalSeconds, input.Role, splicePoint.Gap.TotalSeconds,
                shift.TotalSeconds, !continues);
        }

        var isAccepted = true;
        foreach (var sample in input.Buffered)
        {
            isAccepted = isAccepted && await _output.WriteAsync(sample);
        }

        input.ClearBuffer();
        return isAccepted;
    }

    private static void CountSwitch(SwitchReason reason, SwitchInput input) =>
        Switches.Add(1, new KeyValuePair<string, object?>("reason", reason switch
    {
        SwitchReason.Return => "return",
        SwitchReason.Back => "back",
        _ => input.IsSlate ? "slate" : "loss",
    }));

    private bool NeedsSlate(long now) => slate is not null && _onAir is { IsSlate: false } && _inputs is { Length: > 0 } inputs
        && inputs.All(i => IsSilent(i, now));

    private bool IsSilent(SwitchInput input, long now) => input.IsEnded
        || (slate is not null && input.SilenceDurationAt(now) >= slate.InputLossThreshold);

    private long GopBufferOf(SwitchInput input) => input.IsSlate ? 0 : slate?.GopBufferBytes ?? 0;

    /// <summary>Logs failures of an output that was replaced; nothing else awaits it.</summary>
    private async Task LogFailureAsync(SwitchedOutput output, string channel)
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
    [LoggerMessage(2010, LogLevel.Information, "Channel {Channel}: {Role} input connected in addition to the other input")]
    public static partial void InputConnected(ILogger logger, string channel, InputRole role);

    [LoggerMessage(2011, LogLevel.Warning,
        "Channel {Channel}: {Lost} {How}, last frame {Silence:0.00} s ago; {Role} active (gap {Gap:0.000} s, shift {Shift:0.000} s, "
        + "discontinuity: {Discontinuity})")]
    public static partial void InputLost(
        ILogger logger, string channel, InputRole lost, string how, double silence, InputRole role, double gap, double shift,
        bool discontinuity);

    [LoggerMessage(2014, LogLevel.Warning, "Channel {Channel}: encoder is {How}, showing the slate")]
    public static partial void SlateStarted(ILogger logger, string channel, string how);

    [LoggerMessage(2015, LogLevel.Information,
        "Channel {Channel}: {Role} input replaced the slate (gap {Gap:0.000} s, shift {Shift:0.000} s)")]
    public static partial void SlateReplaced(ILogger logger, string channel, InputRole role, double gap, double shift);

    [LoggerMessage(2013, LogLevel.Error, "Channel {Channel}: the next stage failed on the output before a switch")]
    public static partial void Failed(ILogger logger, Exception exception, string channel);

    [LoggerMessage(2012, LogLevel.Information,
        "Channel {Channel}: {Role} input recovered and active again (gap {Gap:0.000} s, shift {Shift:0.000} s, "
        + "discontinuity: {Discontinuity})")]
    public static partial void InputRecovered(ILogger logger, string channel, InputRole role, double gap, double shift, bool discontinuity);
}
