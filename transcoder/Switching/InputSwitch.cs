using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Switching;

/// <summary>The stage before the transcoder: of the encoders that publish into one session at once, a primary and a backup, it passes one on.</summary>
/// <param name="next">The next stage.</param>
/// <param name="options">When it switches.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class InputSwitch(IPublicationSink next, IOptions<SwitchOptions> options, TimeProvider time, ILogger<InputSwitch> logger) : IPublicationSink, IChannelInputs
{
    private readonly Dictionary<SessionId, SwitchLine> _lines = [];
    private readonly Dictionary<ChannelName, SwitchLine> _newest = [];
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        var line = Enter(session);
        try
        {
            await line.RunAsync(publication, cancellationToken);
        }
        finally
        {
            Leave(session, line);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<InputStatus> Find(ChannelName channel)
    {
        SwitchLine? line;
        lock (_gate)
        {
            _newest.TryGetValue(channel, out line);
        }

        return line is null ? [] : [.. line.Status()];
    }

    private SwitchLine Enter(BroadcastSession session)
    {
        lock (_gate)
        {
            if (!_lines.TryGetValue(session.Id, out var line))
            {
                line = new SwitchLine(next, options.Value, time, logger);
                _lines.Add(session.Id, line);
                _newest[session.Channel] = line;
            }

            line.Users++;
            return line;
        }
    }

    private void Leave(BroadcastSession session, SwitchLine line)
    {
        lock (_gate)
        {
            if (--line.Users > 0)
            {
                return;
            }

            _lines.Remove(session.Id);
            if (_newest.TryGetValue(session.Channel, out var newest) && newest == line)
            {
                _newest.Remove(session.Channel);
            }
        }
    }
}
