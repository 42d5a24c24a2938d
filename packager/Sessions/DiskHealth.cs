using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Tracks disk errors of a session. Logs once when writes start to fail, and once when a whole segment was written without errors.
/// </summary>
internal sealed class DiskHealth(ChannelName channel, ILogger logger)
{
    private bool _isFailing;
    private bool _failedInSegment;
    private long _lostParts;

    public void WriteFailed(IOException error)
    {
        _failedInSegment = true;
        if (!_isFailing)
        {
            _isFailing = true;
            PackagerLog.DiskFailed(logger, channel.Value, error.Message);
        }
    }

    public void PartLost() => _lostParts++;

    public void SegmentCompleted()
    {
        if (_isFailing && !_failedInSegment)
        {
            PackagerLog.DiskRecovered(logger, channel.Value, _lostParts);
            (_isFailing, _lostParts) = (false, 0);
        }

        _failedInSegment = false;
    }
}
