using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Creates what the first start shows to the operator: a channel, if configured, and a setup code. Does nothing without role
/// <c>control</c>, because the code is valid in the dashboard of this process.
/// </summary>
internal sealed class FirstRunSetup(FirstRun firstRun, IOptions<ControlOptions> options, ChannelRepository channels, SetupCodes codes,
    ServerRoles roles)
{
    private CreatedChannel? _channel;
    private string? _code;

    /// <summary>Creates a channel unless one exists, and issues a setup code unless an admin token exists. Can be repeated.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        if (!roles.Control)
        {
            return;
        }

        if (options.Value.CreateFirstChannel && (await channels.ListAsync(cancellationToken)).Count == 0)
        {
            _channel = await channels.CreateAsync(ControlOptions.FirstChannel, new(), cancellationToken);
        }

        _code = await codes.IssueAsync(cancellationToken);
    }

    /// <summary>Hands the created values to the host, once the server admits publishers.</summary>
    public void Report() => firstRun.Set(new(_channel?.Channel.Name, _channel?.Key.StreamKey, _code));
}
