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
    public void API_operations_on_channels_keys_tokens_and_events_have_commands(string line) => Root().Parse(line).Errors.Select(e => e.Message).ShouldBeEmpty();

    [Theory]
    [InlineData("channel end")]
    [InlineData("channel end demo other")]
    [InlineData("channel end demo --now")]
    [InlineData("channel show")]
    [InlineData("channel sessions demo --limit many")]
    [InlineData("key create demo --expires")]
    public void Command_line_with_missing_or_extra_arguments_is_rejected(string line) => Root().Parse(line).Errors.ShouldNotBeEmpty();

    private static RootCommand Root()
    {
        var root = new RootCommand();
        root.Options.Add(CommandOutput.Data);
        root.Options.Add(CommandOutput.Json);
        foreach (var command in new[] { ChannelCommand.Create(), KeyCommand.Create(), TokenCommand.Create(), EventCommand.Create() })
        {
            root.Subcommands.Add(command);
        }

        return root;
    }
}
