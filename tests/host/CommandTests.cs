using System.CommandLine;
using Broadcast.Host.Commands;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Parsing of command lines; the commands' effects are tested with a server.</summary>
public class CommandTests
{
    [Theory]
    [InlineData("channel list")]
    [InlineData("channel create demo --title Demo")]
    [InlineData("channel show demo")]
    [InlineData("channel set demo --latency low")]
    [InlineData("channel sessions demo")]
    [InlineData("channel sessions demo --limit 5 --before 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("channel end demo")]
    [InlineData("channel end demo --json")]
    [InlineData("channel delete demo")]
    [InlineData("key list demo")]
    [InlineData("key create demo --role backup --label van --expires 2h")]
    [InlineData("key rotate demo --key abcd1234 --overlap 60")]
    [InlineData("key revoke demo abcd1234")]
    [InlineData("token list")]
    [InlineData("token create --role viewer --expires 7d")]
    [InlineData("token revoke abcd1234")]
    [InlineData("event list demo --state live")]
    [InlineData("event list --series 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event create demo --title Show --start 2030-01-31T20:00 --end 2030-01-31T21:00")]
    [InlineData("event show 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event set 01ARZ3NDEKTSV4RRFFQ69G5FAV --title Better")]
    [InlineData("event cancel 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event go-live 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event end 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event delete 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("event feed create demo --label Jane")]
    [InlineData("event feed list")]
    [InlineData("event feed revoke abcd1234")]
    [InlineData("chat settings demo --slow 5 --frozen on --members-only off")]
    [InlineData("chat filters demo --set -")]
    [InlineData("chat messages demo --state held --participant 01ARZ3NDEKTSV4RRFFQ69G5FAV --limit 5")]
    [InlineData("chat remove demo 58-0 --session 01ARZ3NDEKTSV4RRFFQ69G5FAV --reason x")]
    [InlineData("chat ban demo --message 58-0 --network")]
    [InlineData("chat timeout demo --participant 01ARZ3NDEKTSV4RRFFQ69G5FAV --duration 10m")]
    [InlineData("chat unpin demo")]
    [InlineData("chat announce demo Welcome")]
    [InlineData("chat undo demo 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("chat poll create demo Encore? Yes No --duration 60s")]
    [InlineData("chat poll end demo 01ARZ3NDEKTSV4RRFFQ69G5FAV --hide")]
    [InlineData("chat question list demo --state open --json")]
    [InlineData("chat question set demo 01ARZ3NDEKTSV4RRFFQ69G5FAV answered")]
    [InlineData("chat statistics demo")]
    [InlineData("chat export demo 01ARZ3NDEKTSV4RRFFQ69G5FAV --output x.json")]
    [InlineData("chat erase demo 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("viewer-token create demo --expires 2h")]
    [InlineData("viewer-key revoke demo abcd1234")]
    [InlineData("webhook set abcd1234 --enabled off")]
    [InlineData("recording lifecycle --margin 30")]
    [InlineData("load publish --file x.flv --chunk-size 4096")]
    [InlineData("channel set demo --dvr-window 30m")]
    public void API_operations_on_channels_keys_tokens_and_events_have_commands(string line) =>
    Root().Parse(line).Errors.Select(e => e.Message).ShouldBeEmpty();

    [Theory]
    [InlineData("channel end")]
    [InlineData("channel end demo other")]
    [InlineData("channel end demo --now")]
    [InlineData("chat remove demo")]
    [InlineData("chat mute demo 58-0")]
    [InlineData("chat question set demo 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("channel show")]
    [InlineData("channel sessions demo --limit many")]
    [InlineData("key create demo --expires")]
    public void Command_line_with_missing_or_extra_arguments_is_rejected(string line) => Root().Parse(line).Errors.ShouldNotBeEmpty();

    [Theory]
    [InlineData("viewer list demo", "The command 'viewer' was renamed to 'viewer-token'.")]
    [InlineData("--json --data x viewer revoke demo abcd", "The command 'viewer' was renamed to 'viewer-token'.")]
    [InlineData("viewer", "The command 'viewer' was renamed to 'viewer-token'.")]
    [InlineData("viewer key create demo --json", "The command 'viewer key' was renamed to 'viewer-key'.")]
    [InlineData("channel create demo --rewind 30m", "The option --rewind of 'channel create' was renamed to --dvr-window.")]
    [InlineData("channel set --rewind=30m demo", "The option --rewind of 'channel set' was renamed to --dvr-window.")]
    [InlineData("recording lifecycle --slack 30", "The option --slack of 'recording lifecycle' was renamed to --margin.")]
    [InlineData("webhook set abcd --state off", "The option --state of 'webhook set' was renamed to --enabled.")]
    [InlineData("load publish --file x --chunk 4096", "The option --chunk of 'load publish' was renamed to --chunk-size.")]
    [InlineData("webhook log abcd --state failed", null)]
    [InlineData("webhook log abcd --status failed", null)]
    [InlineData("channel set demo --title --rewind", null)]
    [InlineData("viewers", null)]
    [InlineData("key create demo viewer", null)]
    public void Error_for_an_earlier_name_states_the_current_name(string line, string? error) =>
        RenamedCommands.FindError(Root().Parse(line)).ShouldBe(error);

    private static RootCommand Root()
    {
        var root = new RootCommand();
        root.Options.Add(CommandOutput.Data);
        root.Options.Add(CommandOutput.Json);
        foreach (var command in new[]
        {
            ChannelCommand.Create(), KeyCommand.Create(), TokenCommand.Create(), EventCommand.Create(), ViewerTokenCommand.Create(),
            ViewerKeyCommand.Create(), RecordingCommand.Create(), WebhookCommand.Create(), TargetCommand.Create(), LoadCommand.Create(),
            DemoCommand.Create(), ChatCommand.Create(),
        })
        {
            root.Subcommands.Add(command);
        }

        return root;
    }
}
