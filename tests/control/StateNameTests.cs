using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class StateNameTests
{
    [Fact]
    public void Names_of_delivery_states_are_read_back_and_unknown_ones_are_errors()
    {
        DeliveryStates.Names.ShouldBe(["waiting", "delivered", "failed"]);
        Enum.GetValues<DeliveryState>().ShouldAllBe(state => DeliveryStates.Parse(DeliveryStates.Name(state)) == state);
        Should.Throw<FormatException>(() => DeliveryStates.Parse("lost")).Message.ShouldContain("'lost'");
        DeliveryStates.ParseFilter(null).ShouldBeNull();
        DeliveryStates.ParseFilter("failed").ShouldBe(DeliveryState.Failed);
        Should.Throw<OperationException>(() => DeliveryStates.ParseFilter("lost")).Code.ShouldBe(OperationErrorCode.Invalid);
    }

    [Fact]
    public void Names_of_roles_policies_and_actors_are_read_back_and_unknown_ones_are_errors()
    {
        Enum.GetValues<StreamKeyRole>().ShouldAllBe(role => StreamKeys.ParseRole(StreamKeys.Name(role)) == role);
        Enum.GetValues<TakeoverPolicy>().ShouldAllBe(policy => TakeoverRules.Parse(TakeoverRules.Name(policy)) == policy);
        Enum.GetValues<TokenRole>().ShouldAllBe(role => TokenRoles.Parse(TokenRoles.Name(role)) == role);
        Enum.GetValues<ActorKind>().ShouldAllBe(kind => AuditLog.ParseKind(AuditLog.Name(kind)) == kind);
        Should.Throw<FormatException>(() => StreamKeys.ParseRole("Primary")).Message.ShouldContain("'Primary'");
        Should.Throw<FormatException>(() => TakeoverRules.Parse("oldest")).Message.ShouldContain("'oldest'");
        Should.Throw<FormatException>(() => TokenRoles.Parse("owner")).Message.ShouldContain("'owner'");
        Should.Throw<FormatException>(() => AuditLog.ParseKind("robot")).Message.ShouldContain("'robot'");
    }

    [Fact]
    public void Input_states_have_the_names_of_the_API() =>
        Enum.GetValues<ChannelInputState>().Select(ChannelInputStates.Name).ShouldBe(["waiting", "recovering", "good", "silent"]);

    [Fact]
    public void Every_value_has_exactly_one_name()
    {
        var names = new EnumNames<TakeoverPolicy>("policy", (TakeoverPolicy.Newest, "b"), (TakeoverPolicy.Silent, "a"));

        names.All.ShouldBe(["b", "a"]);
        names.Name(TakeoverPolicy.Silent).ShouldBe("a");
        names.Find("b").ShouldBe(TakeoverPolicy.Newest);
        names.Find("B").ShouldBeNull();
        Should.Throw<FormatException>(() => names.Parse("c")).Message.ShouldBe("'c' is not a policy.");
        Should.Throw<ArgumentOutOfRangeException>(() => names.Name((TakeoverPolicy)99)).Message.ShouldContain("'99' is not a policy.");
        Should.Throw<ArgumentException>(() => new EnumNames<TakeoverPolicy>("policy", (TakeoverPolicy.Newest, "b")))
            .Message.ShouldContain("A value of TakeoverPolicy has no name.");
        Should.Throw<ArgumentException>(() => new EnumNames<TakeoverPolicy>("policy", (TakeoverPolicy.Newest, "b"),
            (TakeoverPolicy.Silent, "b")));
        Should.Throw<ArgumentException>(() => new EnumNames<TakeoverPolicy>("policy", (TakeoverPolicy.Newest, "b"),
            (TakeoverPolicy.Silent, "a"), (TakeoverPolicy.Silent, "c")));
        names.Find(null).ShouldBeNull();
    }
}
