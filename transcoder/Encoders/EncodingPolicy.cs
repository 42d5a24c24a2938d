using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Encoders.Probing;
using Broadcast.Transcoder.Ladder;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

/// <summary>End of a worker that was not asked to end.</summary>
/// <param name="EncodePath">Encoder backend of the worker.</param>
/// <param name="RunTime">How long the worker ran.</param>
/// <param name="HasOutput">Whether the worker output a frame.</param>
/// <param name="HasHung">Whether the worker hung rather than exited.</param>
/// <param name="Reason">The worker's last output, or the description of the hang.</param>
internal sealed record WorkerExit(EncodePath EncodePath, TimeSpan RunTime, bool HasOutput, bool HasHung, string Reason)
{
    /// <summary>Indicates whether the decoder reported errors, so that the source may be the cause.</summary>
    public bool HasDecoderErrors { get; init; }
}

/// <summary>
/// Decides how much one publication's next worker encodes, with which encoder and when, after exits, hangs and lag of earlier workers.
/// Failing hardware is replaced by the next best encoder (<see cref="EncoderSelector"/>, <see cref="HardwareFailureHistory"/>). If encoding
/// is slower than live, or keeps failing, the next worker encodes less (<see cref="DegradationController"/>,
/// <see cref="DegradationLadder"/>). A rung that makes workers fail is omitted (<see cref="FaultyRungDetector"/>). Starts and stops no
/// process. Not thread-safe, except <see cref="Reason"/> and <see cref="LevelAndProfile"/>.
/// </summary>
/// <param name="selector">Encoders of this machine.</param>
/// <param name="channel">Channel of the publication, for the log.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class EncodingPolicy(EncoderSelector selector, ChannelName channel, TimeProvider time, ILogger logger)
{
    /// <summary>Maximum length of a reason on status pages.</summary>
    private const int MaxReasonLength = 300;

    private const string KeptUp = "encoding kept up for a while";

    private static readonly Counter<long> Exits = Telemetry.Meter
        .CreateCounter<long>("broadcast_encoder_exits", "{process}", "Encoder processes that exited or were killed because they hung.");

    private static readonly Counter<long> LevelChanges = Telemetry.Meter.CreateCounter<long>(
        "broadcast_encoding_degradation_changes", "{change}",
        "Changes of the degradation level, by direction; 'down' reduces the quality, 'up' restores it.");

    private readonly DegradationController _degradation = new();
    private readonly FaultyRungDetector _faultDetector = new(RestartBackoff.FailuresBeforeDegrading);
    private readonly RestartBackoff _restartBackoff = new(time);
    private readonly HardwareFailureHistory _hardwareFailures = new(time);
    private string? _reason;

    /// <summary>Reason of the newest failure or level; <see langword="null"/> at full quality. Thread-safe.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>Indicates whether a worker may start now.</summary>
    public bool MayStart => _restartBackoff.MayStart;

    /// <summary>Indicates whether so many workers failed that the next one is likely to fail too.</summary>
    public bool IsHopeless => _restartBackoff.IsHopeless;

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Encode profile of the next worker.</summary>
    /// <param name="rungs">The ladder.</param>
    public EncodeProfile ProfileOf(IReadOnlyList<Rung> rungs) => LevelAndProfile(rungs).Profile;

    /// <summary>Degradation level, and its encode profile without the omitted rung. Thread-safe.</summary>
    /// <param name="rungs">The ladder.</param>
    public (int Level, EncodeProfile Profile) LevelAndProfile(IReadOnlyList<Rung> rungs)
    {
        var level = _degradation.Level;
        var profile = DegradationLadder.At(level, rungs);
        return (level, profile with { Rungs = _faultDetector.Filter(profile.Rungs) });
    }

    /// <summary>Returns whether the current level encodes a source that cannot pass through.</summary>
    /// <param name="rungs">The ladder, with the re-encoded source first.</param>
    public bool EncodesSource(IReadOnlyList<Rung> rungs) =>
        DegradationLadder.At(_degradation.Level, rungs).Rungs is [var first, ..] && SourceReencode.Is(first);

    /// <summary>Selects the encoder of the next worker.</summary>
    /// <param name="mustBeSoftware">Whether frames must be decoded in software, for filters that hardware lacks.</param>
    /// <param name="rungs">Number of rungs to encode.</param>
    public EncodePath SelectPath(bool mustBeSoftware, int rungs) => _hardwareFailures.LimitRungs(
        selector.Best(r => (r.StaysOnDevice && mustBeSoftware) || _hardwareFailures.IsAvoided(r)), rungs);

    /// <summary>Restores quality by one level before a start, if encoding kept up for long enough.</summary>
    /// <param name="rungs">The ladder.</param>
    public void RestoreIfDue(IReadOnlyList<Rung> rungs)
    {
        var previousLevel = _degradation.Level;
        if (_degradation.Evaluate(TimeSpan.Zero, Now, DegradationLadder.LastLevel(rungs.Count)))
        {
            ReportLevel(previousLevel, rungs, KeptUp);
        }
    }

    /// <summary>Records that a worker starts. It gets time to catch up.</summary>
    public void RecordStart() => _degradation.Settle(Now);

    /// <summary>Records that a worker was stopped because the source changed.</summary>
    /// <param name="startedAt">Start of the worker, as a timestamp of the clock.</param>
    public void RecordSourceChange(long startedAt) => _restartBackoff.RecordSourceChange(startedAt);

    /// <summary>Encodes all rungs of a new source, whatever rung made the previous one fail.</summary>
    public void ForgetFaultyRung() => _faultDetector.Reset();

    /// <summary>Returns whether a running worker is to be replaced by one that tries the omitted rung again.</summary>
    /// <param name="path">Encoder backend of the worker.</param>
    /// <param name="age">How long the worker has been running.</param>
    public bool ShouldRetryOmittedRung(EncodePath path, TimeSpan age)
    {
        var suspect = _faultDetector.OmittedRung;
        if (!path.IsSoftware || !_faultDetector.RecordRunning(age, Now))
        {
            return false;
        }

        EncodingLog.RungRetried(logger, channel.Value, suspect!);
        return true;
    }

    /// <summary>Reduces or restores quality if the lag of a running worker requires or permits it.</summary>
    /// <param name="lag">Lag of the slowest rung behind the source.</param>
    /// <param name="frameInterval">Frame interval of the source.</param>
    /// <param name="rungs">The ladder.</param>
    /// <param name="isLower">Whether the new level encodes less.</param>
    /// <returns>Whether the level changed.</returns>
    public bool TryChangeLevel(TimeSpan lag, TimeSpan frameInterval, IReadOnlyList<Rung> rungs, out bool isLower)
    {
        var previousLevel = _degradation.Level;
        isLower = false;
        if (!_degradation.Evaluate(DegradationController.NormalizeLag(lag, frameInterval), Now, DegradationLadder.LastLevel(rungs.Count)))
        {
            return false;
        }

        isLower = _degradation.Level > previousLevel;
        ReportLevel(previousLevel, rungs, isLower
            ? string.Create(CultureInfo.InvariantCulture, $"its frames lagged the source by {lag.TotalSeconds:0.0} s") : KeptUp);
        return true;
    }

    /// <summary>Records that a worker exited or hangs, and decides what the next one does differently.</summary>
    /// <param name="exit">The worker's end.</param>
    /// <param name="rungs">The ladder.</param>
    /// <param name="isReencoded">Whether viewers get the re-encoded source, so that they wait for the next worker.</param>
    public void RecordExit(WorkerExit exit, IReadOnlyList<Rung> rungs, bool isReencoded)
    {
        _reason = Truncate(exit.Reason);
        Exits.Add(1, new KeyValuePair<string, object?>("encoder", EncoderBackend.Of(exit.EncodePath.Vendor).OptionName));
        if (!exit.EncodePath.IsSoftware)
        {
            // Another encoder takes over at once. Each path is tried only once, so this cannot loop.
            EncodingLog.EncoderReplaced(logger, channel.Value, exit.EncodePath.ToString(), exit.RunTime.TotalSeconds, exit.Reason);
            switch (_hardwareFailures.Add(exit))
            {
                case HardwareFault.SessionLimit:
                    selector.Exclude(exit.EncodePath.Vendor, Truncate(exit.Reason));
                    break;
                case HardwareFault.Suspected:
                    selector.Suspect(exit.EncodePath.Vendor, channel, Truncate(exit.Reason));
                    break;
            }

            return;
        }

        _restartBackoff.RecordFailure(exit.RunTime);

        // A worker that never output a frame would not with less load either. Viewers wait for it, so they get the source.
        var isHopeless = isReencoded && !exit.HasOutput && _restartBackoff.IsHopeless;
        var pause = isHopeless ? _restartBackoff.Delay(HardwareFailureHistory.AvoidanceTime) : _restartBackoff.Delay();
        EncodingLog.WorkerExited(logger, channel.Value, exit.RunTime.TotalSeconds, exit.Reason,
            isReencoded ? "the frames they have" : "the source", pause.TotalSeconds);
        if (!isHopeless && _faultDetector.RecordFailure(exit.RunTime, DegradationLadder.At(_degradation.Level, rungs).Rungs, Now))
        {
            // Each rung is suspected only once, so this cannot loop.
            _restartBackoff.ResetDelay();
            EncodingLog.RungOmitted(logger, channel.Value, _faultDetector.OmittedRung!);
        }
        else if (isHopeless || _restartBackoff.ShouldDegrade)
        {
            var previousLevel = _degradation.Level;
            _degradation.Degrade(Now, DegradationLadder.LastLevel(rungs.Count), isHopeless);
            ReportLevel(previousLevel, rungs,
                string.Create(CultureInfo.InvariantCulture, $"the encoder failed {_restartBackoff.Failures} times in a row"));
        }
    }

    private void ReportLevel(int previousLevel, IReadOnlyList<Rung> rungs, string reason)
    {
        var (level, profile) = LevelAndProfile(rungs);
        var names = profile.Rungs.Count == 0 ? "no rungs" : string.Join(", ", profile.Rungs.Select(r => r.Name));
        _reason = level == 0 ? null : Truncate(reason);
        LevelChanges.Add(1, new KeyValuePair<string, object?>("direction", level > previousLevel ? "down" : "up"));
        EncodingLog.LevelChanged(logger, channel.Value, previousLevel, level, reason, names, profile.SpeedLevel, profile.IsHalfRate);
    }

    private static string Truncate(string reason) => reason.Length > MaxReasonLength ? reason[..MaxReasonLength] + "…" : reason;
}
